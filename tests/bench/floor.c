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
#define BATCHES 15         /* of one measurement */
#define SAMPLES_MAX 2048
#define OTHERS_MAX 63      /* processors beside ours */

struct samples {
	size_t count;
	double us[SAMPLES_MAX];
};

struct floor {
	EVP_PKEY *key;
	EVP_PKEY_CTX *verifier, *signer;
	EVP_MD *sha256;
	EVP_MD_CTX *hash;
	uint8_t message[MESSAGE_SIZE];
	uint8_t signature[SIGNATURE_MAX];
	size_t signature_len;
	bool failed;
	struct samples verify, sign;
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

static void
measure(struct floor *floor, void (*operation)(struct floor *floor),
    struct samples *samples)
{
	double start;

	for (int i = 0; i < BATCH; i++)
		operation(floor); /* warms the caches */
	for (int b = 0; b < BATCHES && samples->count < SAMPLES_MAX; b++) {
		start = now_us();
		for (int i = 0; i < BATCH; i++)
			operation(floor);
		samples->us[samples->count++] = (now_us() - start) / BATCH;
	}
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
floor_measure(struct floor *floor)
{
	pid_t pids[OTHERS_MAX];
	size_t others;

	sign(floor); /* for verify */
	others = others_begin(floor, pids);
	measure(floor, sign, &floor->sign);
	measure(floor, verify, &floor->verify);
	others_end(pids, others);
}

struct floor *
floor_new(struct err *err)
{
	struct floor *floor = mem_zalloc(sizeof(*floor));

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
		floor_measure(floor);
	if (floor->failed) {
		err_set(err, ERR_INTERNAL, NULL, "OpenSSL does not work");
		floor_free(floor);
		return NULL;
	}
	floor->verify.count = floor->sign.count = 0;
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

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(const struct samples *samples)
{
	struct samples sorted = *samples;

	qsort(sorted.us, sorted.count, sizeof(double), compare);
	return sorted.count == 0 ? 0 : sorted.us[sorted.count / 2];
}

double
floor_verify_us(const struct floor *floor)
{
	return median(&floor->verify);
}

double
floor_sign_us(const struct floor *floor)
{
	return median(&floor->sign);
}

double
floor_total_us(const struct floor *floor)
{
	return (FLOOR_JWS + FLOOR_CSR) * floor_verify_us(floor) +
	    FLOOR_SIGNATURES * floor_sign_us(floor);
}
