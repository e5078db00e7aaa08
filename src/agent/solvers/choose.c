/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/choose.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/solvers/port.h"

#define HTTP 80
#define HTTPS 443

/* Servers that can be asked to show the challenge themselves, by their
 * program's name. */
static const struct {
	const char *program, *via;
} servers[] = {
	{ "nginx", "nginx" },
	{ "apache2", "apache" },
	{ "httpd", "apache" },
	{ "haproxy", "haproxy" },
};

/* What distributions' web servers show as /. */
static const char *const roots[] = { "/var/www/html",
	"/usr/share/nginx/html", "/srv/http", "/srv/www/htdocs", "/var/www",
	NULL };

/* NULL for one that cannot, or whose configuration is not ours to change. */
static const char *
find_server(const char *owner)
{
	for (size_t i = 0; geteuid() == 0 && i < sizeof(servers) /
	    sizeof(servers[0]); i++) {
		if (strcmp(servers[i].program, owner) == 0)
			return servers[i].via;
	}
	return NULL;
}

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

/* Whether the port is ours to take. */
static bool
may_listen(uint16_t number)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(number) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r, one = 1;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	r = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	close(fd);
	return r == 0;
}

static int
beside(const char *owner, char via[CHOOSE_VIA_SIZE],
    char why[CHOOSE_WHY_SIZE], struct err *err)
{
	const char *name = owner[0] == '\0' ? "another program" : owner;
	const char *root = find_root(), *server = find_server(owner);
	char other[PORT_OWNER_SIZE];
	int pid;

	if (server != NULL) {
		snprintf(via, CHOOSE_VIA_SIZE, "%s", server);
		snprintf(why, CHOOSE_WHY_SIZE, "%s has port 80", owner);
		return 0;
	}
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
