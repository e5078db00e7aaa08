/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "pkix/key.h"

/* What each kind is; curve is NULL for RSA. */
static const struct {
	const char *curve;
	unsigned bits;
} kinds[] = {
	[SITE_KEY_EC256] = { "P-256", 256 },
	[SITE_KEY_EC384] = { "P-384", 384 },
	[SITE_KEY_RSA2048] = { NULL, 2048 },
	[SITE_KEY_RSA3072] = { NULL, 3072 },
	[SITE_KEY_RSA4096] = { NULL, 4096 },
};

int
key_file_generate(enum site_key_type type, EVP_PKEY **ret, struct err *err)
{
	*ret = kinds[type].curve != NULL ? EVP_EC_gen(kinds[type].curve) :
	    EVP_RSA_gen(kinds[type].bits);
	if (*ret == NULL)
		return err_set(err, ERR_INTERNAL, NULL,
		    "cannot generate a key of type %s",
		    site_key_type_name(type));
	return 0;
}

enum site_key_type
key_file_type(EVP_PKEY *key)
{
	bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	unsigned bits = (unsigned)EVP_PKEY_get_bits(key);

	if (!rsa && EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
		return 0;
	for (int type = SITE_KEY_EC256; type <= SITE_KEY_RSA4096; type++) {
		if ((kinds[type].curve == NULL) == rsa &&
		    kinds[type].bits == bits)
			return (enum site_key_type)type;
	}
	return 0;
}

int
key_file_hash(EVP_PKEY *key, uint8_t ret[KEY_FILE_HASH_SIZE], struct err *err)
{
	struct arena arena = { 0 };
	struct span spki;
	int r = key_to_spki(key, &arena, &spki, err);

	if (r == 0)
		SHA256(spki.data, spki.len, ret);
	arena_free(&arena);
	return r;
}

int
key_file_recode(struct span pem, const uint8_t *hash, struct bld *out,
    struct err *err)
{
	uint8_t own[KEY_FILE_HASH_SIZE];
	EVP_PKEY *key = NULL;
	int r = key_from_pem(pem, &key, err);

	if (r == 0)
		r = key_file_hash(key, own, err);
	if (r == 0 && hash != NULL && memcmp(own, hash, sizeof(own)) != 0)
		r = err_set(err, ERR_CONFIG, NULL,
		    "it is not the certificate's key");
	if (r == 0)
		r = key_to_pem(key, out, err);
	EVP_PKEY_free(key);
	return r;
}

static int
write_pem(int fd_dir, const char *name, struct span pem, struct err *err)
{
	char temporary[KEY_FILE_NAME_MAX + 1];
	int fd, r = 0;

	snprintf(temporary, sizeof(temporary), ".%.240s.new", name);
	/* A crash may have left one. */
	unlinkat(fd_dir, temporary, 0);
	fd = openat(fd_dir, temporary, O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, 0400);
	if (fd < 0)
		return err_errno(err, "cannot make the key file %s", name);
	if (file_write(fd, pem) < 0 || fsync(fd) < 0 ||
	    renameat(fd_dir, temporary, fd_dir, name) < 0 ||
	    fsync(fd_dir) < 0)
		r = err_errno(err, "cannot write the key file %s", name);
	close(fd);
	if (r < 0)
		unlinkat(fd_dir, temporary, 0);
	return r;
}

int
key_file_write(int fd_dir, const char *name, EVP_PKEY *key, struct err *err)
{
	struct bld pem;
	int r;

	bld_init_secret(&pem, KEY_FILE_PEM_MAX);
	r = key_to_pem(key, &pem, err);
	if (r == 0)
		r = write_pem(fd_dir, name, bld_view(&pem), err);
	bld_free(&pem);
	return r;
}

int
key_file_read(int fd_dir, const char *name, EVP_PKEY **ret, struct err *err)
{
	struct bld pem;
	int r;

	*ret = NULL;
	bld_init_secret(&pem, KEY_FILE_PEM_MAX);
	r = file_read(fd_dir, name, O_NOFOLLOW, &pem, err);
	if (r == 0)
		r = key_from_pem(bld_view(&pem), ret, err);
	bld_free(&pem);
	if (r < 0)
		err_prefix(err, "key file %s", name);
	return r;
}

int
key_file_rename(int fd_dir, const char *from, const char *to,
    struct err *err)
{
	if (renameat(fd_dir, from, fd_dir, to) < 0 || fsync(fd_dir) < 0)
		return err_errno(err, "cannot rename the key file %s to %s",
		    from, to);
	return 0;
}

int
key_file_remove(int fd_dir, const char *name, struct err *err)
{
	if ((unlinkat(fd_dir, name, 0) < 0 && errno != ENOENT) ||
	    fsync(fd_dir) < 0)
		return err_errno(err, "cannot remove the key file %s", name);
	return 0;
}
