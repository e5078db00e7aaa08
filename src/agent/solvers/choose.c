/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/choose.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/server/server.h"
#include "agent/solvers/port.h"
#include "agent/solvers/steer.h"

#define HTTP 80
#define HTTPS 443

/* Servers that can be asked to show the challenge themselves, by their
 * program's name. */
static const struct {
	const char *program;
	const struct server *server;
} servers[] = {
	{ "nginx", &server_nginx },
	{ "apache2", &server_apache },
	{ "httpd", &server_apache },
	{ "haproxy", &server_haproxy },
};

/* What distributions' web servers show as /. */
static const char *const roots[] = { "/var/www/html",
	"/usr/share/nginx/html", "/srv/http", "/srv/www/htdocs", "/var/www",
	NULL };

/* NULL for one that cannot, or whose configuration is not ours to change. */
static const struct server *
find_server(const char *owner)
{
	for (size_t i = 0; geteuid() == 0 && i < sizeof(servers) /
	    sizeof(servers[0]); i++) {
		if (strcmp(servers[i].program, owner) == 0)
			return servers[i].server;
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

/* The one key that name servers could be changed with. */
static bool
find_key(const char *dir, char via[CHOOSE_VIA_SIZE],
    char why[CHOOSE_WHY_SIZE])
{
	char path[4096];
	const struct dirent *entry;
	size_t count = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/dns", dir);
	folder = opendir(path);
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (len < 5 || strcmp(entry->d_name + len - 4, ".key") != 0)
			continue;
		count++;
		snprintf(via, CHOOSE_VIA_SIZE, "dns=%.*s", (int)len - 4,
		    entry->d_name);
		snprintf(why, CHOOSE_WHY_SIZE, "there is the key %s/%s", path,
		    entry->d_name);
	}
	if (folder != NULL)
		closedir(folder);
	return count == 1;
}

__attribute__((format(printf, 4, 5))) static bool
take(char via[CHOOSE_VIA_SIZE], char why[CHOOSE_WHY_SIZE], const char *what,
    const char *fmt, ...)
{
	va_list ap;

	snprintf(via, CHOOSE_VIA_SIZE, "%s", what);
	va_start(ap, fmt);
	vsnprintf(why, CHOOSE_WHY_SIZE, fmt, ap);
	va_end(ap);
	return true;
}

/* Somebody has port 80. why_not says what was not to be had. */
static bool
beside(const char *owner, int pid, const struct row_list *names,
    char via[CHOOSE_VIA_SIZE], char why[CHOOSE_WHY_SIZE],
    struct err *why_not)
{
	const struct server *server = find_server(owner);
	const char *name = owner[0] == '\0' ? "another program" : owner;
	const char *root;
	char other[PORT_OWNER_SIZE], folder[CHOOSE_VIA_SIZE];

	if (server != NULL && server_fits(server, pid, names, folder,
	    why_not) == 0)
		return take(via, why, folder, "%s has port 80", owner);
	root = find_root();
	if (root != NULL) {
		snprintf(folder, sizeof(folder), "webroot=%s", root);
		return take(via, why, folder, "%s has port 80, and there is "
		    "%s for it to show", name, root);
	}
	if (!port_owner(HTTPS, other, &pid))
		return may_listen(HTTPS) && take(via, why, "tls-alpn", "%s has "
		    "port 80, and port 443 is free", name);
	if (steer_can())
		return take(via, why, "tls-alpn", "%s has port 80, and what "
		    "comes to %s on port 443 can be looked at before", name,
		    other[0] == '\0' ? "who is" : other);
	return false;
}

static bool
has_wildcard(const struct row_list *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->items[i][0] == '*')
			return true;
	return false;
}

int
choose_via(const struct row_list *names, const char *dir,
    char via[CHOOSE_VIA_SIZE], char why[CHOOSE_WHY_SIZE], struct err *err)
{
	char owner[PORT_OWNER_SIZE];
	struct err why_not = ERR_INIT;
	bool taken;
	int pid;

	if (has_wildcard(names))
		return find_key(dir, via, why) ? 0 : err_set(err, ERR_CONFIG,
		    NULL, "a name with \"*\" can only be proven by DNS; say "
		    "how its records are changed, as with --via dns=KEY");
	taken = port_owner(HTTP, owner, &pid);
	if (taken && beside(owner, pid, names, via, why, &why_not))
		return 0;
	if (!taken && may_listen(HTTP)) {
		take(via, why, "standalone", "port 80 is free");
		return 0;
	}
	if (find_key(dir, via, why))
		return 0;
	if (!taken)
		return err_set(err, ERR_CONFIG, NULL, "nobody listens on port "
		    "80, and only root may here; run signet as root, or say "
		    "--via webroot=DIR or --via dns=KEY");
	err_set(err, ERR_CONFIG, NULL, "%s has port 80%s%.300s; say how "
	    "control is to be proven: --via webroot=DIR with the folder that "
	    "it shows as /, or --via dns=KEY", owner[0] == '\0' ?
	    "another program" : owner, why_not.kind == ERR_NONE ? "" : ", but ",
	    why_not.kind == ERR_NONE ? "" : why_not.text);
	return -(int)ERR_CONFIG;
}
