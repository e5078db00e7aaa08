/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/choose.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/solvers/port.h"

#define HTTP 80
#define HTTPS 443

/* What distributions' web servers show as /. */
static const char *const roots[] = { "/var/www/html",
	"/usr/share/nginx/html", "/srv/http", "/srv/www/htdocs", "/var/www",
	NULL };

static const char *
find_root(void)
{
	struct stat st;

	for (size_t i = 0; roots[i] != NULL; i++) {
		if (stat(roots[i], &st) == 0 && S_ISDIR(st.st_mode) &&
		    access(roots[i], W_OK) == 0)
			return roots[i];
	}
	return NULL;
}

/* Whether a port below 1024 is ours to take. */
static bool
may_listen(unsigned number)
{
	unsigned first = 1024;
	FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start",
	    "re");

	if (file != NULL && fscanf(file, "%u", &first) != 1)
		first = 1024;
	if (file != NULL)
		fclose(file);
	return geteuid() == 0 || number >= first;
}

static int
beside(const char *owner, char via[CHOOSE_VIA_SIZE],
    char why[CHOOSE_WHY_SIZE], struct err *err)
{
	const char *name = owner[0] == '\0' ? "another program" : owner;
	const char *root = find_root();
	char other[PORT_OWNER_SIZE];
	int pid;

	if (root != NULL) {
		snprintf(via, CHOOSE_VIA_SIZE, "webroot=%s", root);
		snprintf(why, CHOOSE_WHY_SIZE, "%s has port 80, and there is "
		    "%s for it to show", name, root);
		return 0;
	}
	if (!port_owner(HTTPS, other, &pid) && may_listen(HTTPS)) {
		snprintf(via, CHOOSE_VIA_SIZE, "tls-alpn");
		snprintf(why, CHOOSE_WHY_SIZE, "%s has port 80, and port 443 "
		    "is free", name);
		return 0;
	}
	return err_set(err, ERR_CONFIG, NULL, "%s has port 80; say how "
	    "control is to be proven: --via webroot=DIR with the folder that "
	    "it shows as /, or --via dns=KEY", name);
}

int
choose_via(bool wildcard, char via[CHOOSE_VIA_SIZE],
    char why[CHOOSE_WHY_SIZE], struct err *err)
{
	char owner[PORT_OWNER_SIZE];
	int pid;

	if (wildcard)
		return err_set(err, ERR_CONFIG, NULL, "a name with \"*\" can "
		    "only be proven by DNS; say how its records are changed, "
		    "as with --via dns=KEY");
	if (port_owner(HTTP, owner, &pid))
		return beside(owner, via, why, err);
	if (!may_listen(HTTP))
		return err_set(err, ERR_CONFIG, NULL, "nobody listens on port "
		    "80, and only root may here; run signet as root, or say "
		    "--via webroot=DIR or --via dns=KEY");
	snprintf(via, CHOOSE_VIA_SIZE, "standalone");
	snprintf(why, CHOOSE_WHY_SIZE, "port 80 is free");
	return 0;
}
