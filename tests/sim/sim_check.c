/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_check.h"

#include <inttypes.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "pkix/cert.h"
#include "signer/journal.h"

#define ORDERS_MAX 256 /* of one account in one simulation */

static bool
broken(struct sim_ca *ca, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool
broken(struct sim_ca *ca, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (ca->trouble[0] == '\0')
		vsnprintf(ca->trouble, sizeof(ca->trouble), fmt, ap);
	va_end(ap);
	return false;
}

struct journal_look {
	struct sim_ca *ca;
	unsigned count;
	struct arena arena;
	struct span client_leafs[SIM_CLIENTS_MAX];
	bool client_found[SIM_CLIENTS_MAX];
	uint8_t digests[ORDERS_MAX][JOURNAL_DIGEST_SIZE];
};

static struct span
serial_of(struct span der, uint8_t out[STORE_SERIAL_MAX])
{
	const unsigned char *at = der.data;
	X509 *cert = d2i_X509(NULL, &at, (long)der.len);
	BIGNUM *serial = cert == NULL ? NULL :
	    ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	size_t len = 0;

	if (serial != NULL && BN_num_bytes(serial) <= STORE_SERIAL_MAX)
		len = (size_t)BN_bn2bin(serial, out);
	BN_free(serial);
	X509_free(cert);
	return span_of(out, len);
}

static int
look(void *ctx, uint64_t offset, const struct journal_record *record,
    struct err *err)
{
	struct journal_look *at = ctx;
	struct store_certificate stored;
	uint8_t serial[STORE_SERIAL_MAX];
	struct span name = serial_of(record->certificate, serial);

	(void)offset;
	if (at->count == ORDERS_MAX)
		return err_set(err, ERR_INTERNAL, NULL, "too many records");
	for (unsigned i = 0; i < at->count; i++) {
		if (memcmp(at->digests[i], record->digest,
		    JOURNAL_DIGEST_SIZE) == 0)
			return err_set(err, ERR_INTERNAL, NULL,
			    "one request, two certificates");
	}
	memcpy(at->digests[at->count++], record->digest, JOURNAL_DIGEST_SIZE);
	if (store_certificate_get_by_serial(at->ca->store, name, &at->arena,
	    &stored, err) != 0)
		return err_prefix(err, "an issued certificate is not recorded");
	if (!span_equal(stored.der, record->certificate))
		return err_set(err, ERR_INTERNAL, NULL,
		    "the store has another certificate of this serial");
	for (size_t i = 0; i < at->ca->num_clients; i++) {
		if (span_equal(at->client_leafs[i], record->certificate))
			at->client_found[i] = true;
	}
	return 0;
}

/* The first certificate of a PEM chain as DER, in arena. */
static struct span
leaf_of(const char *pem, struct arena *arena)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	unsigned char *der = NULL;
	char *name = NULL, *header = NULL;
	long len = 0;
	struct span ret = SPAN_NONE;

	if (bio != NULL && PEM_read_bio(bio, &name, &header, &der, &len) == 1)
		ret = arena_dup(arena, span_of(der, (size_t)len));
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
	return ret;
}

static bool
check_journal(struct sim_ca *ca, struct journal_look *at)
{
	struct journal_totals totals;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ca->num_clients; i++)
		at->client_leafs[i] = leaf_of(ca->clients[i].certificate,
		    &at->arena);
	if (journal_verify(&ca->envs[SIM_SIGNER], look, at, &totals,
	    &err) != 0)
		return broken(ca, "journal: %.400s", err.text);
	for (size_t i = 0; i < ca->num_clients; i++) {
		if (!at->client_found[i])
			return broken(ca, "client %zu has a certificate that "
			    "is not in the journal", i);
	}
	return true;
}

static bool
same_names(struct span der, const struct ident_list *idents)
{
	const unsigned char *at = der.data;
	X509 *cert = d2i_X509(NULL, &at, (long)der.len);
	GENERAL_NAMES *names = cert == NULL ? NULL :
	    X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	bool same = names != NULL &&
	    (size_t)sk_GENERAL_NAME_num(names) == idents->count;

	for (size_t i = 0; same && i < idents->count; i++) {
		char text[IDENT_DNS_MAX + 1];

		snprintf(text, sizeof(text), "%.*s",
		    SPAN_FMT(idents->items[i].value));
		same = X509_check_host(cert, text, 0, 0, NULL) == 1;
	}
	GENERAL_NAMES_free(names);
	X509_free(cert);
	return same;
}

static bool
check_order(struct sim_ca *ca, int64_t id, struct arena *arena,
    unsigned *ret_valid)
{
	struct store_certificate certificate;
	struct store_order order;
	struct err err = ERR_INIT;

	if (store_order_get(ca->store, id, arena, &order, &err) != 0)
		return broken(ca, "order: %.400s", err.text);
	if (order.order.status == ORDER_PROCESSING)
		return broken(ca, "order %" PRId64 " is left in processing",
		    id);
	if ((order.order.status == ORDER_VALID) !=
	    (order.order.certificate_id != 0))
		return broken(ca, "order %" PRId64 " is %s, certificate %"
		    PRId64, id, order_status_name(order.order.status),
		    order.order.certificate_id);
	if (order.order.status != ORDER_VALID)
		return true;
	(*ret_valid)++;
	if (store_certificate_get(ca->store, order.order.certificate_id,
	    arena, &certificate, &err) != 0)
		return broken(ca, "certificate: %.400s", err.text);
	if (certificate.order_id != id ||
	    !same_names(certificate.der, &order.order.idents))
		return broken(ca, "order %" PRId64 " has a certificate for "
		    "other names", id);
	return true;
}

static bool
check_orders(struct sim_ca *ca, const char *account_url, struct arena *arena,
    unsigned *ret_valid)
{
	const char *slash = strrchr(account_url, '/');
	int64_t ids[ORDERS_MAX];
	size_t count = 0;
	struct err err = ERR_INIT;

	if (slash == NULL)
		return broken(ca, "a client without account");
	/* Expired ones too: as if at the beginning of time. */
	if (store_order_list(ca->store, strtoll(slash + 1, NULL, 10), 0, 0,
	    ORDERS_MAX, ids, &count, &err) != 0)
		return broken(ca, "orders: %.400s", err.text);
	for (size_t i = 0; i < count; i++) {
		if (!check_order(ca, ids[i], arena, ret_valid))
			return false;
	}
	return true;
}

/* Clients may share an account: its orders count once. */
static bool
seen_before(const struct sim_ca *ca, size_t client)
{
	for (size_t i = 0; i < client; i++) {
		if (strcmp(ca->clients[i].account_url,
		    ca->clients[client].account_url) == 0)
			return true;
	}
	return false;
}

bool
sim_check(struct sim_ca *ca)
{
	struct journal_look *at = mem_zalloc(sizeof(*at));
	unsigned valid = 0;
	bool ok = true;

	at->ca = ca;
	for (size_t i = 0; ok && i < ca->num_clients; i++) {
		if (ca->clients[i].want != SIM_DONE)
			ok = broken(ca, "client %zu gave up at step %d: %.300s",
			    i, (int)ca->clients[i].want,
			    ca->clients[i].trouble);
	}
	ok = ok && check_journal(ca, at);
	for (size_t i = 0; ok && i < ca->num_clients; i++) {
		if (!seen_before(ca, i))
			ok = check_orders(ca, ca->clients[i].account_url,
			    &at->arena, &valid);
	}
	if (ok && valid != at->count)
		ok = broken(ca, "%u certificates issued, %u orders valid",
		    at->count, valid);
	arena_free(&at->arena);
	free(at);
	return ok;
}
