/* SPDX-License-Identifier: Apache-2.0 */
#include "web/nonce.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

#define KEY_SIZE 16   /* bytes: AES-128 */
#define BLOCK_SIZE 16 /* bytes: an AES block */

static const char map_magic[8] = "signonc1";

struct map {
	char magic[8];
	char boot_id[NONCE_BOOT_ID_SIZE];
	uint8_t key[KEY_SIZE];
	_Atomic uint64_t epoch; /* another value: the key is another */
	_Atomic uint64_t next;
	_Alignas(NONCE_HEADER_SIZE) _Atomic uint64_t bits[NONCE_BITS / 64];
};

_Static_assert(sizeof(struct map) == NONCE_MAP_SIZE, "map's size");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "atomics work across processes");

struct nonces {
	struct map *map;
	uint64_t epoch;
	EVP_CIPHER_CTX *encrypt;
	EVP_CIPHER_CTX *decrypt;
};

/* What an encrypted block holds; the zeros are the proof that it is ours. */
struct block {
	uint64_t counter;
	uint64_t zeros;
};

_Static_assert(sizeof(struct block) == BLOCK_SIZE, "block's size");

/* A full disk must be found here: it would kill who writes to the mapping of a
 * file that lacks blocks (SIGBUS). */
int
nonce_map_create(int fd, struct err *err)
{
	if (ftruncate(fd, (off_t)NONCE_MAP_SIZE) < 0)
		return err_errno(err, "nonce map: cannot set its size");
	errno = posix_fallocate(fd, 0, (off_t)NONCE_MAP_SIZE);
	if (errno != 0)
		return err_errno(err, "nonce map: cannot get its %zu bytes of "
		    "disk", (size_t)NONCE_MAP_SIZE);
	return 0;
}

static bool
is_ours(const struct map *map, const char *boot_id)
{
	return memcmp(map->magic, map_magic, sizeof(map->magic)) == 0 &&
	    memcmp(map->boot_id, boot_id, NONCE_BOOT_ID_SIZE) == 0 &&
	    atomic_load(&map->epoch) != 0;
}

/* All but what is zero in memory that is new. */
static void
begin_map(struct map *map, const char *boot_id, const struct env *env)
{
	uint64_t epoch;

	env_random(env, map->key, sizeof(map->key));
	atomic_store(&map->next, 0);
	memcpy(map->boot_id, boot_id, NONCE_BOOT_ID_SIZE);
	env_random(env, &epoch, sizeof(epoch));
	atomic_store(&map->epoch, epoch | 1);
	memcpy(map->magic, map_magic, sizeof(map->magic));
}

/* Makes the map new. A process that dies in the middle leaves one that is not
 * ours, so the next one does it again. */
static void
init_map(struct map *map, const char *boot_id, const struct env *env)
{
	memset(map->magic, 0, sizeof(map->magic));
	atomic_store(&map->epoch, 0);
	memset(map->bits, 0, sizeof(map->bits));
	begin_map(map, boot_id, env);
}

/* The lock goes with its process, however that ends. */
static int
lock_and_init(int fd, struct map *map, const char *boot_id,
    const struct env *env, struct err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLKW, &lock) < 0)
		return err_errno(err, "nonce map: cannot lock it");
	if (!is_ours(map, boot_id))
		init_map(map, boot_id, env);
	lock.l_type = F_UNLCK;
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return err_errno(err, "nonce map: cannot unlock it");
	return 0;
}

static EVP_CIPHER_CTX *
new_cipher(void)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx == NULL)
		abort(); /* out of memory */
	return ctx;
}

/* Takes the key from the map when it is not the one in use. */
static void
follow_key(struct nonces *nonces)
{
	uint64_t epoch = atomic_load_explicit(&nonces->map->epoch,
	    memory_order_acquire);

	if (epoch == nonces->epoch)
		return;
	nonces->epoch = epoch;
	if (EVP_EncryptInit_ex(nonces->encrypt, EVP_aes_128_ecb(), NULL,
	    nonces->map->key, NULL) != 1 ||
	    EVP_DecryptInit_ex(nonces->decrypt, EVP_aes_128_ecb(), NULL,
	    nonces->map->key, NULL) != 1)
		abort(); /* AES is always there: out of memory */
	EVP_CIPHER_CTX_set_padding(nonces->encrypt, 0);
	EVP_CIPHER_CTX_set_padding(nonces->decrypt, 0);
}

static int
check_size(int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, "nonce map");
	/* Touching a mapped page behind the end of a file is fatal. */
	if (st.st_size < (off_t)NONCE_MAP_SIZE && ftruncate(fd,
	    (off_t)NONCE_MAP_SIZE) < 0)
		return err_errno(err, "nonce map: it is too short");
	return 0;
}

int
nonce_open(int fd, const char *boot_id, const struct env *env,
    struct nonces **ret, struct err *err)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	struct nonces *nonces;
	struct map *map;
	int r = 0;

	*ret = NULL;
	if (fd >= 0 && check_size(fd, err) < 0)
		return -(int)err->kind;
	/* cppcheck-suppress invalidFunctionArg; -1 goes with ANONYMOUS */
	map = mmap(NULL, sizeof(*map), PROT_READ | PROT_WRITE, flags, fd, 0);
	if (map == MAP_FAILED)
		return err_errno(err, "nonce map: cannot map it");
	if (fd < 0)
		begin_map(map, boot_id, env);
	else
		r = lock_and_init(fd, map, boot_id, env, err);
	if (r < 0) {
		munmap(map, sizeof(*map));
		return r;
	}
	nonces = mem_zalloc(sizeof(*nonces));
	nonces->map = map;
	nonces->encrypt = new_cipher();
	nonces->decrypt = new_cipher();
	follow_key(nonces);
	*ret = nonces;
	return 0;
}

void
nonce_close(struct nonces *nonces)
{
	if (nonces == NULL)
		return;
	EVP_CIPHER_CTX_free(nonces->encrypt);
	EVP_CIPHER_CTX_free(nonces->decrypt);
	munmap(nonces->map, sizeof(*nonces->map));
	free(nonces);
}

/*
 * Clears the bits that come into use half a ring later; their old counters
 * left the window before. A process that was stopped so long that they may be
 * in use by now must not: then stale bits stay, and some nonces will seem
 * used, which costs their clients another try.
 */
static void
clear_ahead(struct map *map, uint64_t counter)
{
	uint64_t first = (counter + NONCE_BITS / 2) % NONCE_BITS;

	if (atomic_load(&map->next) - counter > NONCE_BITS / 4)
		return;
	for (uint64_t i = 0; i < NONCE_BLOCK / 64; i++)
		atomic_store_explicit(&map->bits[first / 64 + i], 0,
		    memory_order_relaxed);
}

void
nonce_make(struct nonces *nonces, char out[NONCE_TEXT_SIZE])
{
	struct block block = { .zeros = 0 };
	uint8_t text[BLOCK_SIZE];
	struct bld bld = {
		.data = (uint8_t *)out, .cap = NONCE_TEXT_SIZE,
		.max = NONCE_TEXT_SIZE - 1,
	};
	int len;

	follow_key(nonces);
	block.counter = atomic_fetch_add(&nonces->map->next, 1);
	if (block.counter % NONCE_BLOCK == 0)
		clear_ahead(nonces->map, block.counter);
	if (EVP_EncryptUpdate(nonces->encrypt, text, &len,
	    (const unsigned char *)&block, sizeof(block)) != 1)
		abort(); /* one block with a set key cannot fail */
	text_base64url(&bld, span_of(text, sizeof(text)));
	assert(bld.len == NONCE_TEXT_SIZE - 1);
	out[bld.len] = '\0';
}

bool
nonce_take(struct nonces *nonces, struct span text)
{
	uint8_t raw[BLOCK_SIZE];
	struct bld bld = { .data = raw, .cap = sizeof(raw),
		.max = sizeof(raw) };
	struct block block;
	uint64_t next, mask;
	int len;

	if (text.len != NONCE_TEXT_SIZE - 1 || text_unbase64url(&bld, text) < 0)
		return false;
	follow_key(nonces);
	if (EVP_DecryptUpdate(nonces->decrypt, (unsigned char *)&block, &len,
	    raw, sizeof(raw)) != 1)
		abort(); /* one block with a set key cannot fail */
	next = atomic_load(&nonces->map->next);
	if (block.zeros != 0 || block.counter >= next ||
	    next - block.counter > NONCE_WINDOW)
		return false;
	mask = (uint64_t)1 << (block.counter % 64);
	return (atomic_fetch_or(&nonces->map->bits[block.counter % NONCE_BITS /
	    64], mask) & mask) == 0;
}
