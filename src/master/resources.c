/* SPDX-License-Identifier: Apache-2.0 */
#include "master/resources.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/config_form.h"
#include "conf/layout.h"
#include "master/disk.h"
#include "master/early.h"
#include "master/master.h"
#include "master/tree.h"
#include "web/nonce.h"

#define PAUSE_MS 10           /* between two tries */
#define LISTEN_TIMEOUT_MS 2000 /* for an address to become free */
#define LOCK_SILENT_MS 500    /* then we say what we wait for */

/* Where a resource comes from. */
enum source {
	SOURCE_FILE,        /* path, opened for reading */
	SOURCE_WRITE,       /* path, opened for reading and writing */
	SOURCE_CERTIFICATE, /* config.tls_certificate */
	SOURCE_KEY,         /* config.tls_key */
	SOURCE_BLOCKED,     /* config.blocked_keys, if it is set */
	SOURCE_LISTEN,      /* kept from here on */
	SOURCE_MANAGEMENT,
	SOURCE_JOURNAL,
	SOURCE_LOCK
};

struct resource_row {
	enum role role;     /* 0: all */
	enum resource resource;
	enum source source;
	const char *path;   /* in the directory */
};

static const struct resource_row rows[] = {
	{ ROLE_WEB, RESOURCE_LISTEN, SOURCE_LISTEN, NULL },
	{ ROLE_WEB, RESOURCE_TLS_CERTIFICATE, SOURCE_CERTIFICATE, NULL },
	{ ROLE_WEB, RESOURCE_TLS_KEY, SOURCE_KEY, NULL },
	{ ROLE_WEB, RESOURCE_BLOCKED_KEYS, SOURCE_BLOCKED, NULL },
	/* Each web process locks it on its own while it makes it anew. */
	{ ROLE_WEB, RESOURCE_NONCE_MAP, SOURCE_WRITE, LAYOUT_NONCE_MAP },
	/* Its user may not be able to pass the folders above. */
	{ ROLE_CORE, RESOURCE_STORE, SOURCE_FILE, LAYOUT_STORE },
	{ ROLE_VALIDATOR, RESOURCE_PERSPECTIVE_KEY, SOURCE_FILE,
	    LAYOUT_PERSPECTIVE_KEY },
	{ ROLE_SIGNER, RESOURCE_ISSUER_CERTIFICATE, SOURCE_FILE,
	    LAYOUT_ISSUER_CERTIFICATE },
	{ ROLE_SIGNER, RESOURCE_ISSUER_KEY, SOURCE_FILE, LAYOUT_ISSUER_KEY },
	{ ROLE_SIGNER, RESOURCE_ROOT_CERTIFICATE, SOURCE_FILE,
	    LAYOUT_ROOT_CERTIFICATE },
	{ ROLE_SIGNER, RESOURCE_PERSPECTIVE_KEY, SOURCE_FILE,
	    LAYOUT_PERSPECTIVE_KEY },
	{ ROLE_SIGNER, RESOURCE_BLOCKED_KEYS, SOURCE_BLOCKED, NULL },
	{ ROLE_SIGNER, RESOURCE_JOURNAL, SOURCE_JOURNAL, NULL },
	{ ROLE_DEV, RESOURCE_LISTEN, SOURCE_MANAGEMENT, NULL },
	{ ROLE_DEV, RESOURCE_TLS_CERTIFICATE, SOURCE_CERTIFICATE, NULL },
	{ ROLE_DEV, RESOURCE_TLS_KEY, SOURCE_KEY, NULL },
	{ ROLE_DEV, RESOURCE_ISSUER_CERTIFICATE, SOURCE_FILE,
	    LAYOUT_ISSUER_CERTIFICATE },
	{ ROLE_DEV, RESOURCE_ISSUER_KEY, SOURCE_FILE, LAYOUT_ISSUER_KEY },
	{ ROLE_DEV, RESOURCE_ROOT_CERTIFICATE, SOURCE_FILE,
	    LAYOUT_ROOT_CERTIFICATE },
	{ ROLE_DEV, RESOURCE_ROOT_KEY, SOURCE_FILE, LAYOUT_ROOT_KEY },
	{ 0, RESOURCE_LOCK, SOURCE_LOCK, NULL },
};

void
resources_init(struct resources *resources)
{
	*resources = (struct resources){ .lock = -1, .journal = -1,
		.management = -1 };
}

/* Opens a file of the directory. */
static int
open_at(const struct config *config, const char *name, int flags, int *ret,
    struct err *err)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", config->directory, name) >=
	    (int)sizeof(path))
		return err_set(err, ERR_CONFIG, NULL,
		    "the path of %s is too long", config->directory);
	*ret = open(path, flags | O_CLOEXEC, 0600);
	if (*ret < 0)
		return err_errno(err, "cannot open %s", path);
	return 0;
}

/* An old CA's processes hold the lock until the last of them is gone. */
static int
take_lock(struct resources *resources, const struct config *config,
    struct err *err)
{
	char quoted[LOG_QUOTE_SIZE];
	int r, waited_ms = 0;

	r = open_at(config, LAYOUT_LOCK, O_RDWR | O_CREAT, &resources->lock,
	    err);
	while (r == 0 && flock(resources->lock, LOCK_EX | LOCK_NB) < 0) {
		if (waited_ms == LOCK_SILENT_MS)
			log_event(LOG_NOTICE, "waiting-for-another-signetd",
			    "directory=%s timeout_ms=%d", log_quote(quoted,
			    config->directory, strlen(config->directory)),
			    MASTER_LOCK_TIMEOUT_MS);
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(err, "cannot lock %s/%s",
			    config->directory, LAYOUT_LOCK);
		if (waited_ms >= MASTER_LOCK_TIMEOUT_MS)
			return err_set(err, ERR_BUSY, NULL, "another signetd "
			    "runs in %s; stop it first", config->directory);
		if (!early_pause(PAUSE_MS))
			return err_set(err, ERR_BUSY, NULL, "told to stop");
		waited_ms += PAUSE_MS;
	}
	return r;
}

/* The journal's folder is the signer's: later, master could not. One that can
 * only be appended to (chattr +a) keeps its owner, whoever asks. */
static int
open_journal(struct resources *resources, const struct config *config,
    struct err *err)
{
	char folder[PATH_MAX];
	uid_t uid = tree_uid(tree_find(LAYOUT_JOURNAL), config->uid_base);
	struct stat st;
	int r;

	r = open_at(config, LAYOUT_JOURNAL_FILE, O_RDWR | O_CREAT | O_APPEND,
	    &resources->journal, err);
	if (r == 0 && fstat(resources->journal, &st) < 0)
		return err_errno(err, "cannot look at %s",
		    LAYOUT_JOURNAL_FILE);
	if (r == 0 && uid != (uid_t)-1 &&
	    (st.st_uid != uid || st.st_gid != uid) &&
	    fchown(resources->journal, uid, uid) < 0)
		r = err_errno(err, "cannot give %s to user %u",
		    LAYOUT_JOURNAL_FILE, uid);
	/* Its records are worth no more than its name in the folder. */
	if (r == 0 && st.st_size == 0 && !config->dev) {
		snprintf(folder, sizeof(folder), "%s/" LAYOUT_JOURNAL,
		    config->directory);
		r = disk_sync_folder(folder, err);
	}
	return r;
}

static int
make_nonce_map(const struct config *config, struct err *err)
{
	int fd = -1, r;

	r = open_at(config, LAYOUT_NONCE_MAP, O_RDWR | O_CREAT, &fd, err);
	if (r < 0)
		return r;
	r = nonce_map_create(fd, err);
	close(fd);
	return r;
}

/* The kernel closes what a killed process had open one by one: its lock may be
 * gone for a moment before its socket is. */
static int
bind_patiently(int fd, const struct sockaddr_storage *address, socklen_t len)
{
	int waited_ms = 0;

	while (bind(fd, (const struct sockaddr *)address, len) < 0) {
		if (errno != EADDRINUSE || waited_ms >= LISTEN_TIMEOUT_MS ||
		    !early_pause(PAUSE_MS))
			return -1;
		waited_ms += PAUSE_MS;
	}
	return 0;
}

/* IPv4 and IPv6 are listened to apart, so that `0.0.0.0` and `[::]` go
 * together. */
static int
open_listener(const char *text, int *ret, struct err *err)
{
	struct sockaddr_storage address;
	const int on = 1;
	socklen_t len;
	int fd, r, saved;

	r = config_form_parse_address(text, &address, &len, err);
	if (r < 0)
		return r;
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, "cannot make a socket for %s", text);
	*ret = fd;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    (address.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6,
	    IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
	    bind_patiently(fd, &address, len) < 0 ||
	    listen(fd, RESOURCES_BACKLOG) < 0) {
		saved = errno;
		return err_set(err, ERR_IO, NULL, "cannot listen at %s (%s); "
		    "%s", text, strerror(saved),
		    config_form_bind_remedy(saved));
	}
	return 0;
}

static int
open_listeners(struct resources *resources, const struct config *config,
    struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < config->num_listen; i++) {
		int fd = -1;

		r = open_listener(config->listen[i], &fd, err);
		if (fd >= 0)
			resources->listen[resources->num_listen++] = fd;
	}
	if (r == 0 && config->management_listen != NULL)
		r = open_listener(config->management_listen,
		    &resources->management, err);
	return r;
}

int
resources_open(struct resources *resources, const struct config *config,
    struct err *err)
{
	int r;

	r = take_lock(resources, config, err);
	if (r == 0)
		r = open_journal(resources, config, err);
	if (r == 0)
		r = make_nonce_map(config, err);
	if (r == 0)
		r = open_listeners(resources, config, err);
	return r;
}

static void
close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void
resources_close(struct resources *resources)
{
	for (size_t i = 0; i < resources->num_listen; i++)
		close(resources->listen[i]);
	close_fd(resources->management);
	close_fd(resources->journal);
	close_fd(resources->lock);
	resources_init(resources);
}

static void
give(struct control *control, enum resource resource, int fd)
{
	control->resources[control->num_fds] = resource;
	control->fds[control->num_fds++] = fd;
}

static int
open_file(const char *path, int *ret, struct err *err)
{
	*ret = open(path, O_RDONLY | O_CLOEXEC);
	return *ret < 0 ? err_errno(err, "cannot open %s", path) : 0;
}

static int
give_row(const struct resources *resources, const struct config *config,
    const struct resource_row *row, struct control *control, struct err *err)
{
	int fd = -1, r = 0;

	switch (row->source) {
	case SOURCE_FILE:
		r = open_at(config, row->path, O_RDONLY, &fd, err);
		break;
	case SOURCE_WRITE:
		r = open_at(config, row->path, O_RDWR, &fd, err);
		break;
	case SOURCE_CERTIFICATE:
		r = open_file(config->tls_certificate, &fd, err);
		break;
	case SOURCE_KEY:
		r = open_file(config->tls_key, &fd, err);
		break;
	case SOURCE_BLOCKED:
		if (config->blocked_keys != NULL)
			r = open_file(config->blocked_keys, &fd, err);
		break;
	case SOURCE_LISTEN:
		for (size_t i = 0; i < resources->num_listen; i++)
			give(control, row->resource, resources->listen[i]);
		return 0;
	case SOURCE_MANAGEMENT:
		fd = resources->management;
		break;
	case SOURCE_JOURNAL:
		fd = resources->journal;
		break;
	case SOURCE_LOCK:
		fd = resources->lock;
		break;
	}
	if (fd >= 0)
		give(control, row->resource, fd);
	return r;
}

int
resources_give(const struct resources *resources, const struct config *config,
    enum role role, struct control *control, struct err *err)
{
	int r = 0;

	control->num_fds = 0;
	for (size_t i = 0; r == 0 && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].role == 0 || rows[i].role == role)
			r = give_row(resources, config, &rows[i], control,
			    err);
	}
	if (r < 0) {
		resources_sent(resources, control);
		control->num_fds = 0;
	}
	return r;
}

static bool
is_kept(const struct resources *resources, int fd)
{
	for (size_t i = 0; i < resources->num_listen; i++) {
		if (resources->listen[i] == fd)
			return true;
	}
	return fd == resources->management || fd == resources->journal ||
	    fd == resources->lock;
}

void
resources_sent(const struct resources *resources,
    const struct control *control)
{
	for (size_t i = 0; i < control->num_fds; i++) {
		if (!is_kept(resources, control->fds[i]))
			close(control->fds[i]);
	}
}

static void
url_of_socket(int fd, const char *path, char out[RESOURCES_URL_SIZE])
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);
	bool v6;

	out[0] = '\0';
	if (fd < 0 || getsockname(fd, (struct sockaddr *)&address, &len) < 0 ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof(host),
	    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	v6 = address.ss_family == AF_INET6;
	snprintf(out, RESOURCES_URL_SIZE, "https://%s%s%s:%s%s",
	    v6 ? "[" : "", host, v6 ? "]" : "", port, path);
}

void
resources_url(const struct resources *resources, const struct config *config,
    char out[RESOURCES_URL_SIZE])
{
	if (config->base_url != NULL)
		snprintf(out, RESOURCES_URL_SIZE, "%s/dir", config->base_url);
	else
		url_of_socket(resources->num_listen > 0 ?
		    resources->listen[0] : -1, "/dir", out);
}

void
resources_management_url(const struct resources *resources,
    char out[RESOURCES_URL_SIZE])
{
	url_of_socket(resources->management, "", out);
}
