/* SPDX-License-Identifier: Apache-2.0 */
#include "floor.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#define MESSAGE_SIZE 700   /* bytes: a signing input of a usual request */
#define SIGNATURE_MAX 80   /* bytes of ECDSA-Sig-Value, P-256 */
#define BATCH 20           /* operations timed together */
#define BATCHES 101        /* of one slice: it has a middle one */
#define OTHERS_MAX 63      /* processors beside ours */

struct floor {
	EVP_PKEY *key;
	EVP_PKEY_CTX *verifier, *signer;
	EVP_MD *sha256;
	EVP_MD_CTX *hash;
	uint8_t message[MESSAGE_SIZE];
	uint8_t signature[SIGNATURE_MAX];
	size_t signature_len;
	bool failed;
};

static void
digest(struct floor *floor, uint8_t out[32])
{
	unsigned len;

	if (EVP_DigestInit_ex2(floor->hash, floor->sha256, NULL) != 1 ||
	    EVP_DigestUpdate(floor->hash, floor->message, MESSAGE_SIZE) != 1 ||
	    EVP_DigestFinal_ex(floor->hash, out, &len) != 1)
		floor->failed = true;
}

static void
sign(struct floor *floor)
{
	uint8_t hash[32];

	digest(floor, hash);
	floor->signature_len = sizeof(floor->signature);
	if (EVP_PKEY_sign(floor->signer, floor->signature,
	    &floor->signature_len, hash, sizeof(hash)) != 1)
		floor->failed = true;
}

static void
verify(struct floor *floor)
{
	uint8_t hash[32];

	digest(floor, hash);
	if (EVP_PKEY_verify(floor->verifier, floor->signature,
	    floor->signature_len, hash, sizeof(hash)) != 1)
		floor->failed = true;
}

static double
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The median of all batches. */
static double
measure(struct floor *floor, void (*operation)(struct floor *floor))
{
	double us[BATCHES], start;

	for (int i = 0; i < BATCH; i++)
		operation(floor); /* warms the caches */
	for (int b = 0; b < BATCHES; b++) {
		start = now_us();
		for (int i = 0; i < BATCH; i++)
			operation(floor);
		us[b] = (now_us() - start) / BATCH;
	}
	qsort(us, BATCHES, sizeof(us[0]), compare);
	return us[BATCHES / 2];
}

/* A process for each other processor that verifies until it is killed. */
static size_t
others_begin(struct floor *floor, pid_t pids[OTHERS_MAX])
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t count = 0;

	while (count < OTHERS_MAX && (long)count + 1 < processors) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				verify(floor);
		}
		pids[count++] = pid;
	}
	return count;
}

static void
others_end(const pid_t pids[OTHERS_MAX], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

void
floor_measure(struct floor *floor, struct floor_slice *ret)
{
	pid_t pids[OTHERS_MAX];
	size_t others;

	sign(floor); /* for verify */
	others = others_begin(floor, pids);
	ret->sign_us = measure(floor, sign);
	ret->verify_us = measure(floor, verify);
	others_end(pids, others);
}

struct floor *
floor_new(struct err *err)
{
	struct floor *floor = mem_zalloc(sizeof(*floor));
	struct floor_slice first;

	memset(floor->message, 'm', sizeof(floor->message));
	floor->key = EVP_EC_gen("P-256");
	floor->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	floor->hash = EVP_MD_CTX_new();
	if (floor->key != NULL) {
		floor->verifier = EVP_PKEY_CTX_new(floor->key, NULL);
		floor->signer = EVP_PKEY_CTX_new(floor->key, NULL);
	}
	if (floor->verifier == NULL || floor->signer == NULL ||
	    floor->sha256 == NULL || floor->hash == NULL ||
	    EVP_PKEY_verify_init(floor->verifier) != 1 ||
	    EVP_PKEY_sign_init(floor->signer) != 1)
		floor->failed = true;
	else
		floor_measure(floor, &first);
	if (floor->failed) {
		err_set(err, ERR_INTERNAL, NULL, "OpenSSL does not work");
		floor_free(floor);
		return NULL;
	}
	return floor;
}

void
floor_free(struct floor *floor)
{
	if (floor == NULL)
		return;
	EVP_PKEY_CTX_free(floor->verifier);
	EVP_PKEY_CTX_free(floor->signer);
	EVP_MD_CTX_free(floor->hash);
	EVP_MD_free(floor->sha256);
	EVP_PKEY_free(floor->key);
	free(floor);
}

double
floor_total_us(const struct floor_slice *slice)
{
	return (FLOOR_JWS + FLOOR_CSR) * slice->verify_us +
	    FLOOR_SIGNATURES * slice->sign_us;
}
