/* SPDX-License-Identifier: Apache-2.0 */
#include "master/tree.h"

#include "base/file.h"
#include "conf/layout.h"
#include "master/disk.h"
#include "pkix/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Folders come before what is in them. */
const struct tree_entry tree_entries[] = {
	{ "", true, false, 0755, ROLE_MASTER },
	{ LAYOUT_ROOT_CERTIFICATE, false, false, 0644, ROLE_MASTER },
	{ LAYOUT_CA, true, false, 0755, ROLE_MASTER },
	{ LAYOUT_ISSUER_CERTIFICATE, false, false, 0644, ROLE_MASTER },
	{ LAYOUT_API_CA_CERTIFICATE, false, true, 0644, ROLE_MASTER },
	{ LAYOUT_KEYS, true, false, 0700, ROLE_MASTER },
	{ LAYOUT_ROOT_KEY, false, true, 0400, ROLE_MASTER },
	{ LAYOUT_ISSUER_KEY, false, false, 0400, ROLE_SIGNER },
	{ LAYOUT_API_CA_KEY, false, true, 0400, ROLE_MASTER },
	{ LAYOUT_PERSPECTIVE_KEY, false, false, 0400, ROLE_SIGNER },
	{ LAYOUT_API, true, true, 0755, ROLE_MASTER },
	{ LAYOUT_API_CERTIFICATE, false, true, 0644, ROLE_MASTER },
	{ LAYOUT_API_KEY, false, true, 0400, ROLE_MASTER },
	{ LAYOUT_STORE, true, false, 0700, ROLE_CORE },
	{ LAYOUT_JOURNAL, true, false, 0700, ROLE_SIGNER },
	{ LAYOUT_RUN, true, false, 0700, ROLE_MASTER },
};

const size_t tree_entries_count =
    sizeof(tree_entries) / sizeof(tree_entries[0]);

const struct tree_entry *
tree_find(const char *path)
{
	for (size_t i = 0; i < tree_entries_count; i++) {
		if (strcmp(tree_entries[i].path, path) == 0)
			return &tree_entries[i];
	}
	return NULL;
}

uid_t
tree_uid(const struct tree_entry *entry, int64_t uid_base)
{
	if (geteuid() != 0)
		return (uid_t)-1;
	return entry->owner == ROLE_MASTER ? 0 :
	    (uid_t)(uid_base + entry->owner);
}

struct check {
	const struct config *config;
	struct config_errors *errors;
	char path[PATH_MAX]; /* of what is looked at */
};

static void __attribute__((format(printf, 2, 3)))
wrong(struct check *check, const char *fmt, ...)
{
	char text[ERR_TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	config_errors_add(check->errors, 0, "directory", "%s", text);
}

static const char *
path_of(struct check *check, const char *path)
{
	snprintf(check->path, sizeof(check->path), "%s%s%s",
	    check->config->directory, path[0] == '\0' ? "" : "/", path);
	return check->path;
}

/* Its owner must be able to use a folder, and nobody but the owner a key.
 * Gives whether we can. */
static bool
check_access(struct check *check, const struct tree_entry *entry,
    const struct stat *st)
{
	uid_t uid = tree_uid(entry, check->config->uid_base);
	mode_t loose = st->st_mode & ~entry->mode & 0777;

	if (uid == (uid_t)-1 && (entry->folder ?
	    access(check->path, R_OK | W_OK | X_OK) :
	    access(check->path, R_OK)) != 0) {
		wrong(check, "%s cannot be used (%s); run signetd as user %u, "
		    "or as root", check->path, strerror(errno),
		    (unsigned)st->st_uid);
		return false;
	}
	if (uid != (uid_t)-1 && st->st_uid != uid)
		wrong(check, "%s belongs to user %u and not to %u; run `chown "
		    "%s%u:%u %s`", check->path, (unsigned)st->st_uid,
		    (unsigned)uid, entry->folder && uid != 0 ? "-R " : "",
		    (unsigned)uid, (unsigned)uid, check->path);
	if ((loose & (entry->mode & 0077 ? 0022 : 0077)) != 0)
		wrong(check, "others can use %s (mode %04o); run `chmod %04o "
		    "%s`", check->path, (unsigned)st->st_mode & 07777U,
		    (unsigned)entry->mode, check->path);
	return true;
}

/* Whether it is there, what it should be, and usable. */
static bool
check_entry(struct check *check, const struct tree_entry *entry)
{
	struct stat st;

	path_of(check, entry->path);
	if (stat(check->path, &st) != 0) {
		if (!entry->optional || errno != ENOENT)
			wrong(check, "cannot use %s (%s); %s", check->path,
			    strerror(errno), errno == EACCES ? "run signetd as "
			    "who owns the folder above it, or as root" :
			    "`signetd init` made it: give the right folder, or "
			    "restore it from a backup");
		return false;
	}
	if (entry->folder ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode)) {
		wrong(check, "%s is not a %s; move it away, and restore what "
		    "was there from a backup", check->path,
		    entry->folder ? "folder" : "file");
		return false;
	}
	return check_access(check, entry, &st);
}

static X509 *
read_certificate(struct check *check, const char *path)
{
	FILE *f = fopen(path_of(check, path), "re");
	X509 *ret;

	if (f == NULL)
		return NULL; /* check_entry has said so */
	ret = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	if (ret == NULL)
		wrong(check, "there is no certificate in %s; restore it from "
		    "a backup", check->path);
	return ret;
}

static void
check_key(struct check *check, X509 *cert)
{
	EVP_PKEY *key = NULL;
	struct bld pem;

	bld_init_secret(&pem, DISK_FILE_MAX);
	if (file_read(AT_FDCWD, path_of(check, LAYOUT_ISSUER_KEY), 0, &pem,
	    NULL) == 0) {
		if (key_from_pem(bld_view(&pem), &key, NULL) != 0)
			wrong(check, "there is no key in %s; restore it from "
			    "a backup", check->path);
		else if (cert != NULL && X509_check_private_key(cert, key) != 1)
			wrong(check, "%s is not the key of "
			    LAYOUT_ISSUER_CERTIFICATE "; restore the two that "
			    "belong together", check->path);
	}
	EVP_PKEY_free(key);
	bld_free(&pem);
}

static void
check_chain(struct check *check, X509 *root, X509 *issuer)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	if (store == NULL || ctx == NULL || X509_STORE_add_cert(store, root) !=
	    1 || X509_STORE_CTX_init(ctx, store, issuer, NULL) != 1)
		wrong(check, "cannot check "LAYOUT_ISSUER_CERTIFICATE" against "
		    LAYOUT_ROOT_CERTIFICATE);
	else if (X509_verify_cert(ctx) != 1)
		wrong(check, "%s/"LAYOUT_ISSUER_CERTIFICATE" does not verify "
		    "against "LAYOUT_ROOT_CERTIFICATE" (%s); restore the two "
		    "that belong together, or make a new CA",
		    check->config->directory, X509_verify_cert_error_string(
		    X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
}

static void
check_perspective_key(struct check *check)
{
	struct stat st;

	if (stat(path_of(check, LAYOUT_PERSPECTIVE_KEY), &st) == 0 &&
	    st.st_size != LAYOUT_PERSPECTIVE_KEY_SIZE)
		wrong(check, "%s has %lld bytes and not %d; make it anew with "
		    "`head -c %d /dev/urandom > %s`", check->path,
		    (long long)st.st_size, LAYOUT_PERSPECTIVE_KEY_SIZE,
		    LAYOUT_PERSPECTIVE_KEY_SIZE, check->path);
}

void
tree_check(const struct config *config, struct config_errors *errors)
{
	struct check check = { .config = config, .errors = errors };
	X509 *root, *issuer;
	struct stat st;

	/* config_check_world has said so. */
	if (stat(config->directory, &st) != 0 || !S_ISDIR(st.st_mode))
		return;
	for (size_t i = 0; i < tree_entries_count; i++) {
		/* Without the directory itself, the rest says nothing new. */
		if (!check_entry(&check, &tree_entries[i]) && i == 0)
			return;
	}
	root = read_certificate(&check, LAYOUT_ROOT_CERTIFICATE);
	issuer = read_certificate(&check, LAYOUT_ISSUER_CERTIFICATE);
	if (root != NULL && issuer != NULL)
		check_chain(&check, root, issuer);
	check_key(&check, issuer);
	check_perspective_key(&check);
	X509_free(issuer);
	X509_free(root);
	ERR_clear_error();
}
