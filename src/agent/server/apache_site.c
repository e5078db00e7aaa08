/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apache_site: a virtual host of our own that serves the certificate: the
 * administrator's, as it stands in his file, with TLS on and our certificate.
 * It stands in a file that is read just before his: of two hosts with one name
 * and address, Apache takes the first.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/server/apache_private.h"

#define MODULES "/usr/lib/apache2/modules"
#define TEXT_MAX (1024 * 1024) /* bytes of a file of ours */
#define TLS_PORT 443

bool
apache_is_ours(struct span file)
{
	size_t name = file.len;

	while (name > 0 && file.data[name - 1] != '/')
		name--;
	file = span_from(file, name);
	return memmem(file.data, file.len, "-" APACHE_OURS,
	    strlen("-" APACHE_OURS)) != NULL;
}

bool
apache_is_tls(const struct apache_dump *dump,
    const struct apache_address *address)
{
	for (const struct apache_vhost *v = dump->vhosts; v != NULL;
	    v = v->next)
		for (const struct apache_address *a = v->addresses;
		    a != NULL && v->tls; a = a->next)
			if (a->port == address->port)
				return true;
	return false;
}

static unsigned
tls_port(const struct apache_dump *dump)
{
	unsigned port = 0;

	for (const struct apache_vhost *v = dump->vhosts; v != NULL;
	    v = v->next)
		for (const struct apache_address *a = v->addresses;
		    a != NULL && v->tls && !apache_is_ours(v->file); a = a->next)
			if (port == 0 || a->port == TLS_PORT)
				port = a->port;
	return port == 0 ? TLS_PORT : port;
}

bool
apache_has_name(const struct apache_vhost *vhost, const char *name)
{
	for (const struct apache_name *n = vhost->names; n != NULL;
	    n = n->next)
		if (span_equal_nocase(n->text, span_str(name)))
			return true;
	return false;
}

/* The administrator's first with that name. */
static const struct apache_vhost *
find(const struct apache_dump *dump, const char *name, bool tls)
{
	for (const struct apache_vhost *v = dump->vhosts; v != NULL;
	    v = v->next)
		if (!apache_is_ours(v->file) && v->tls == tls &&
		    apache_has_name(v, name))
			return v;
	return NULL;
}

/* Is it the host to be changed for that name? */
static bool
is_for(const struct apache_dump *dump, const struct apache_vhost *vhost,
    const char *name)
{
	return find(dump, name, true) == vhost || (!vhost->tls &&
	    find(dump, name, true) == NULL &&
	    find(dump, name, false) == vhost);
}

/* Does anything listen there, on this machine? */
static bool
is_listening(unsigned port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ret = fd >= 0 && connect(fd, (struct sockaddr *)&address,
	    sizeof(address)) == 0;

	if (fd >= 0)
		close(fd);
	return ret;
}

static bool
says(const char *file, const char *line)
{
	struct bld text;
	bool found;

	bld_init(&text, TEXT_MAX);
	found = change_read(file, &text, NULL) == 0 && memmem(text.data,
	    text.len, line, strlen(line)) != NULL;
	bld_free(&text);
	return found;
}

/* Is it a file of ours because of which Apache listens? It may have been
 * removed since Apache read it. */
static bool
we_listen(struct apache *apache, const char *line)
{
	char path[CHANGE_PATH_SIZE];
	bool found;

	change_path(&apache->change, "listens", path);
	found = says(path, line);
	for (const struct apache_name *f = apache->dump.files; f != NULL;
	    f = f->next)
		found = found || (apache_is_ours(f->text) && says(arena_str(
		    &apache->arena, f->text), line));
	return found;
}

/* TLS where there was none: its module, and the port. Each file of ours says
 * it, and the first that is read does it: any of them may go. */
static void
put_tls(struct bld *out, struct apache *apache)
{
	unsigned port = tls_port(&apache->dump);
	char line[sizeof(apache->listens)];

	bld_str(out, "<IfModule !ssl_module>\n"
	    "\t<IfModule !socache_shmcb_module>\n\t\tLoadModule "
	    "socache_shmcb_module " MODULES "/mod_socache_shmcb.so\n"
	    "\t</IfModule>\n\tLoadModule ssl_module " MODULES
	    "/mod_ssl.so\n</IfModule>\n");
	snprintf(line, sizeof(line), "Listen %u https\n", port);
	if (is_listening(port) && !we_listen(apache, line))
		return;
	bld_fmt(out, "<IfDefine !SIGNET_LISTENS_%u>\n"
	    "\tDefine SIGNET_LISTENS_%u\n\t%s</IfDefine>\n", port, port,
	    line);
	memcpy(apache->listens, line, sizeof(line));
}

static bool
is_dropped(struct span line)
{
	static const char *const names[] = { "ServerName", "ServerAlias",
	    "SSLEngine", "SSLCertificateFile", "SSLCertificateKeyFile",
	    "SSLCertificateChainFile" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (apache_dump_is(line, names[i]))
			return true;
	return false;
}

static void
put_vhost(struct bld *out, const struct apache *apache,
    const struct apache_vhost *vhost, const struct server_cert *cert)
{
	struct span rest = vhost->text, line;
	char folder[SERVER_FOLDER_SIZE];
	bool first = true;

	bld_fmt(out, "# Written by signet from %.*s:%u; `signet apache` "
	    "writes it anew.\n<VirtualHost", SPAN_FMT(vhost->file),
	    vhost->line);
	for (const struct apache_address *a = vhost->addresses; a != NULL;
	    a = a->next)
		bld_fmt(out, " %.*s:%u", SPAN_FMT(a->host), vhost->tls ?
		    a->port : tls_port(&apache->dump));
	bld_str(out, ">\n");
	for (size_t i = 0; i < cert->names->count; i++) {
		if (!apache_has_name(vhost, cert->names->items[i]) ||
		    !is_for(&apache->dump, vhost, cert->names->items[i]))
			continue;
		bld_fmt(out, "\t%s %s\n", first ? "ServerName" :
		    "ServerAlias", cert->names->items[i]);
		first = false;
	}
	bld_str(out, "\tSSLEngine on\n");
	for (size_t i = 0; server_folder(cert, i, folder); i++)
		bld_fmt(out, "\tSSLCertificateFile \"%s/fullchain.pem\"\n"
		    "\tSSLCertificateKeyFile \"%s/privkey.pem\"\n", folder,
		    folder);
	while (apache_dump_line(&rest, &line))
		if (line.len > 0 && line.data[0] != '#' && !is_dropped(line))
			bld_fmt(out, "\t%.*s\n", SPAN_FMT(line));
	bld_str(out, "</VirtualHost>\n");
}

/* Just before his file: "b.conf" gives "b-signet-SITE.conf"; where there was
 * no TLS, the order does not matter. */
static int
make_path(const struct apache_vhost *vhost, const char *site,
    char out[CHANGE_PATH_SIZE], struct err *err)
{
	struct span file = vhost->file;

	if (file.len > 5 && memcmp(file.data + file.len - 5, ".conf", 5) == 0)
		file.len -= 5;
	if (snprintf(out, CHANGE_PATH_SIZE, "%.*s-" APACHE_OURS "%s.conf",
	    SPAN_FMT(file), site) >= CHANGE_PATH_SIZE)
		return err_set(err, ERR_CONFIG, NULL, "too long a path");
	return 0;
}

static bool
has_ours(const struct apache_vhost *vhost, const struct server_cert *cert)
{
	char folder[SERVER_FOLDER_SIZE];
	size_t len;

	server_folder(cert, 0, folder);
	len = strlen(folder);
	return vhost->certificate.len > len &&
	    memcmp(vhost->certificate.data, folder, len) == 0 &&
	    vhost->certificate.data[len] == '/';
}

static int
check(const struct apache *apache, const struct apache_vhost *vhost,
    const struct server_cert *cert, struct err *err)
{
	(void)apache;
	if (vhost->text.data == NULL)
		return err_set(err, ERR_CONFIG, NULL, "the virtual host at "
		    "%.*s:%u is no <VirtualHost> there (a macro?); write into "
		    "it: SSLCertificateFile %s/fullchain.pem and "
		    "SSLCertificateKeyFile %s/privkey.pem",
		    SPAN_FMT(vhost->file), vhost->line, cert->folder,
		    cert->folder);
	if (!vhost->tls && vhost->redirects)
		return err_set(err, ERR_CONFIG, NULL, "%.*s:%u sends all to "
		    "https, and no virtual host of Apache serves those names "
		    "there; write one with SSLEngine on",
		    SPAN_FMT(vhost->file), vhost->line);
	return 0;
}

static int
put_file(struct apache *apache, const char *path, struct span text,
    struct err *err)
{
	struct bld old;
	bool same;

	bld_init(&old, TEXT_MAX);
	same = change_read(path, &old, NULL) == 0 &&
	    span_equal(bld_view(&old), text);
	bld_free(&old);
	apache->stale = apache->stale || !same;
	return same || apache->looks ? 0 : change_write(&apache->change, path,
	    text, 0644, err);
}

/* Several hosts may stand in one file: then ours do, too. */
static int
write_file(struct apache *apache, const struct apache_vhost *first,
    const struct server_cert *cert, struct err *err)
{
	char path[CHANGE_PATH_SIZE];
	struct bld text;
	int r = make_path(first, cert->site, path, err);

	bld_init(&text, TEXT_MAX);
	put_tls(&text, apache);
	for (const struct apache_vhost *v = first; v != NULL && r == 0;
	    v = v->next) {
		bool wanted = false;

		for (size_t i = 0; i < cert->names->count; i++)
			wanted |= is_for(&apache->dump, v,
			    cert->names->items[i]);
		if (!wanted || !span_equal(v->file, first->file) ||
		    has_ours(v, cert))
			continue;
		r = check(apache, v, cert, err);
		if (r == 0)
			put_vhost(&text, apache, v, cert);
	}
	if (r == 0 && bld_end(&text) < 0)
		r = err_set(err, ERR_CONFIG, NULL, "%s would be too large",
		    path);
	if (r == 0)
		r = put_file(apache, path, bld_view(&text), err);
	bld_free(&text);
	return r;
}

static bool
is_file_done(const struct apache *apache, const struct apache_vhost *vhost,
    const struct server_cert *cert)
{
	for (const struct apache_vhost *v = apache->dump.vhosts; v != vhost;
	    v = v->next)
		for (size_t i = 0; i < cert->names->count; i++)
			if (span_equal(v->file, vhost->file) &&
			    !has_ours(v, cert) && is_for(&apache->dump, v,
			    cert->names->items[i]))
				return true;
	return false;
}

static int
write_files(struct apache *apache, const struct server_cert *cert,
    struct err *err)
{
	int r = 0;

	for (const struct apache_vhost *v = apache->dump.vhosts;
	    v != NULL && r == 0; v = v->next) {
		bool wanted = false;

		for (size_t i = 0; i < cert->names->count; i++)
			wanted |= is_for(&apache->dump, v,
			    cert->names->items[i]);
		if (wanted && !has_ours(v, cert) &&
		    !is_file_done(apache, v, cert))
			r = write_file(apache, v, cert, err);
	}
	return r;
}

static bool
is_same_address(const struct apache_address *a, const struct apache_address *b)
{
	return a->port == b->port && span_equal(a->host, b->host);
}

/* Has the administrator a host there, too? */
static bool
has_his(const struct apache_dump *dump, const struct apache_address *address)
{
	for (const struct apache_vhost *v = dump->vhosts; v != NULL;
	    v = v->next)
		for (const struct apache_address *a = v->addresses; a != NULL;
		    a = a->next)
			if (!apache_is_ours(v->file) &&
			    is_same_address(a, address))
				return true;
	return false;
}

/* Who answers for unknown names must be the same host as before: but not
 * where all are ours, which come in the order in which sites are done. */
static int
check_defaults(const struct apache_dump *before,
    const struct apache_dump *after, struct err *err)
{
	for (const struct apache_address *a = before->addresses; a != NULL;
	    a = a->next)
		for (const struct apache_address *b = after->addresses;
		    b != NULL; b = b->next)
			if (is_same_address(a, b) && has_his(before, a) &&
			    !span_equal_nocase(a->usual, b->usual))
				return err_set(err, ERR_CONFIG, NULL, "a file "
				    "of our own would make %.*s instead of "
				    "%.*s answer for unknown names at "
				    "%.*s:%u; put its virtual host into a "
				    "file of its own that is read later, or "
				    "point its SSLCertificateFile to the "
				    "certificate", SPAN_FMT(b->usual),
				    SPAN_FMT(a->usual), SPAN_FMT(a->host),
				    a->port);
	return 0;
}

static int
see(const struct apache *apache, const struct server_cert *cert,
    struct err *err)
{
	char file[CHANGE_PATH_SIZE];
	struct look_leaf leaf;
	int r;

	snprintf(file, sizeof(file), "%s/cert.pem", cert->folder);
	r = look_leaf_read(file, &leaf, err);
	for (size_t i = 0; i < cert->names->count && r == 0; i++) {
		const char *name = cert->names->items[i];

		for (const struct apache_vhost *v = apache->dump.vhosts;
		    v != NULL && r == 0; v = v->next)
			for (const struct apache_address *a = v->addresses;
			    a != NULL && r == 0 && v->tls &&
			    apache_has_name(v, name); a = a->next) {
				struct look_at at = { .port = a->port,
				    .since = apache->reloaded };

				snprintf(at.host, sizeof(at.host), "%.*s",
				    SPAN_FMT(a->host));
				r = look_tls_wait(&at, name[0] == '*' ?
				    name + 2 : name, &leaf, err);
			}
	}
	return r;
}

static int
set_files(struct apache *apache, const struct server_cert *cert,
    struct err *err)
{
	for (size_t i = 0; i < cert->names->count; i++)
		if (find(&apache->dump, cert->names->items[i], true) == NULL &&
		    find(&apache->dump, cert->names->items[i], false) == NULL)
			return err_set(err, ERR_CONFIG, NULL, "no virtual host "
			    "of Apache has %s as ServerName or ServerAlias; "
			    "add it", cert->names->items[i]);
	return write_files(apache, cert, err);
}

void
apache_look(struct apache *apache, const struct server_cert *cert,
    struct bld *out)
{
	struct err err = ERR_INIT;
	int r;

	apache->looks = true;
	apache->stale = false;
	r = set_files(apache, cert, &err);
	server_put_look(out, cert, apache->stale, r < 0 ? &err : NULL);
}

static void
note_listens(const struct apache *apache)
{
	char path[CHANGE_PATH_SIZE];

	change_path(&apache->change, "listens", path);
	if (apache->listens[0] != '\0')
		(void)change_put(path, span_str(apache->listens), 0600, NULL);
}

int
apache_install(void *self, const struct server_cert *cert, struct err *err)
{
	struct apache *apache = self;
	struct apache_dump before;
	struct bld text;
	int r = apache_ask(apache, err);

	if (r == 0)
		r = set_files(apache, cert, err);
	before = apache->dump;
	text = apache->text; /* before is in it */
	apache->text = (struct bld){ 0 };
	if (r == 0)
		r = apache_ask(apache, err);
	if (r == 0)
		r = check_defaults(&before, &apache->dump, err);
	/* Always: the certificate's files are new. */
	if (r == 0)
		r = apache_test_and_reload(apache, err);
	if (r == 0)
		r = see(apache, cert, err);
	r = apache_settle(apache, r, false, err);
	if (r == 0)
		note_listens(apache);
	bld_free(&text);
	return r;
}
