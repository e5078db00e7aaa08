/* SPDX-License-Identifier: Apache-2.0 */
/*
 * haproxy_file: HAProxy says in which files its certificates are. It reads what
 * strangers send, and we have root's rights: files are believed to be such by
 * what is in them. Else who breaks into HAProxy could have any file of the host
 * overwritten, or read to him.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "agent/server/haproxy_private.h"
#include "agent/server/places.h"

/* NULL: there is none in it. */
static X509 *
leaf_in(struct span pem)
{
	BIO *in = BIO_new_mem_buf(pem.data, (int)pem.len);
	X509 *ret = in == NULL ? NULL : PEM_read_bio_X509(in, NULL, NULL,
	    NULL);

	BIO_free(in);
	ERR_clear_error();
	return ret;
}

bool
haproxy_file_is_pem(struct span text)
{
	X509 *leaf = leaf_in(text);

	X509_free(leaf);
	return leaf != NULL;
}

static bool
has_name(X509 *leaf, const struct row_list *names)
{
	char name[PLACES_NAME_SIZE];
	bool found = false;

	for (size_t i = 0; i < names->count && !found; i++) {
		places_name(names->items[i], name);
		found = X509_check_host(leaf, name, 0, 0, NULL) == 1 ||
		    X509_check_ip_asc(leaf, name, 0) == 1;
	}
	return found;
}

int
haproxy_file_check(const char *file, const struct row_list *names,
    struct err *err)
{
	struct bld pem;
	X509 *leaf;
	int r;

	bld_init_secret(&pem, HAPROXY_PEM_MAX);
	r = change_read(file, &pem, err);
	leaf = r < 0 ? NULL : leaf_in(bld_view(&pem));
	bld_free(&pem);
	if (r == 0 && (leaf == NULL || !has_name(leaf, names)))
		r = err_set(err, ERR_CONFIG, NULL, "HAProxy says that it has a "
		    "certificate for %s in %s, and there is none in that file",
		    names->items[0], file);
	X509_free(leaf);
	return r;
}

size_t
haproxy_file_names(const struct haproxy_cert *cert,
    const char *ret[HAPROXY_ANSWER_NAMES_MAX])
{
	struct bld pem;
	X509 *leaf = NULL;
	size_t count = 0;

	bld_init_secret(&pem, HAPROXY_PEM_MAX);
	if (change_read(cert->file, &pem, NULL) == 0)
		leaf = leaf_in(bld_view(&pem));
	bld_free(&pem);
	for (size_t i = 0; leaf != NULL && i < cert->num_names; i++)
		if (X509_check_host(leaf, cert->names[i], 0,
		    X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1)
			ret[count++] = cert->names[i];
	X509_free(leaf);
	return count;
}

int
haproxy_file_check_list(const char *list, struct span text, struct err *err)
{
	char file[CHANGE_PATH_SIZE];
	bool good = false;

	while (!good && text.len > 0) {
		struct span line = span_cut(&text, '\n');
		struct span word = span_cut(&line, ' ');
		struct bld pem;

		if (word.len == 0 || word.data[0] != '/')
			continue;
		snprintf(file, sizeof(file), "%.*s", SPAN_FMT(word));
		bld_init_secret(&pem, HAPROXY_PEM_MAX);
		good = change_read(file, &pem, NULL) == 0 &&
		    haproxy_file_is_pem(bld_view(&pem));
		bld_free(&pem);
	}
	return good ? 0 : err_set(err, ERR_CONFIG, NULL, "HAProxy says that %s "
	    "is a list of certificates, and it names none; write one into it",
	    list);
}
