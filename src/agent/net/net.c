/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/net.h"

#include "agent/net/net_ocsp.h"
#include "agent/rpc/judge_net.h"
#include "agent/rpc/net_account.h"
#include "base/frame.h"
#include "base/list.h"

#define SLOT_SHIFT 48 /* an id to account: the CA's slot, then the client's */

struct ca {
	struct net *net;
	unsigned slot;
	bool used;
	uint32_t number;   /* judge's */
	int64_t account;
	struct client *client;
	struct err broken; /* why there is no client */
};

/* A signature that judge gets from certkey. */
struct wanted {
	struct list_node of_net;
	uint64_t op;
	uint64_t sign_id;
	struct ca *ca;
};

struct net {
	const struct env *env;
	const struct net_ops *ops;
	void *ctx;
	struct ca cas[NET_CAS_MAX];
	struct list wanted;
	struct net_ocsp *ocsp;
	struct bld out;
};

/* ---- to judge ---- */

static void
tell(struct net *net, uint64_t id, const struct judge_net_tell *tell)
{
	bld_reset(&net->out);
	judge_net_tell_encode(&net->out, tell);
	if (bld_end(&net->out) == 0)
		net->ops->tell(net->ctx, (uint16_t)tell->type, id,
		    bld_view(&net->out));
}

static void
tell_problem(struct net *net, uint64_t id, enum client_cause cause,
    const char *text)
{
	tell(net, id, &(struct judge_net_tell){
		.type = NET_JUDGE_RESULT,
		.result = {
			.type = CLIENT_RESULT_PROBLEM,
			.problem = { .cause = cause, .detail = span_str(text) },
		},
	});
}

static void
forget(struct net *net, struct wanted *wanted)
{
	list_del(&net->wanted, &wanted->of_net);
	free(wanted);
}

static void
on_done(void *ctx, uint64_t op, const struct client_result *result)
{
	struct net *net = ((struct ca *)ctx)->net;
	struct wanted *wanted;

	LIST_EACH(wanted, &net->wanted, of_net) {
		if (wanted->op == op)
			forget(net, wanted);
	}
	tell(net, op, &(struct judge_net_tell){
		.type = NET_JUDGE_RESULT, .result = *result });
	if (bld_end(&net->out) < 0)
		tell_problem(net, op, CLIENT_NONSENSE,
		    "the CA's answer has more bytes than can be passed on");
}

static void
on_offer(void *ctx, uint64_t op, const struct client_offer *offers,
    size_t count)
{
	struct ca *ca = ctx;

	tell(ca->net, op, &(struct judge_net_tell){
		.type = NET_JUDGE_OFFER, .offers = { count, offers } });
}

static void
on_clean(void *ctx, uint64_t op)
{
	struct ca *ca = ctx;

	tell(ca->net, op, &(struct judge_net_tell){
		.type = NET_JUDGE_CLEAN });
}

static void
on_progress(void *ctx, uint64_t op, const struct client_progress *progress)
{
	struct ca *ca = ctx;

	tell(ca->net, op, &(struct judge_net_tell){
		.type = NET_JUDGE_PROGRESS, .progress = *progress });
}

static void
on_account(void *ctx, const struct client_account *account)
{
	struct ca *ca = ctx;

	tell(ca->net, 0, &(struct judge_net_tell){
		.type = NET_JUDGE_ACCOUNT,
		.account = { ca->number, *account },
	});
}

/* ---- signatures and requests ---- */

static void
on_sign(void *ctx, uint64_t sign_id, uint64_t op,
    const struct client_sign *sign)
{
	struct ca *ca = ctx;
	struct net *net = ca->net;
	struct wanted *wanted;

	if (sign->type == CLIENT_SIGN_CERTIFICATE) {
		wanted = mem_zalloc(sizeof(*wanted));
		*wanted = (struct wanted){ .op = op, .sign_id = sign_id,
			.ca = ca };
		list_add(&net->wanted, &wanted->of_net);
		tell(net, op, &(struct judge_net_tell){
			.type = NET_JUDGE_SIGN, .sign = *sign });
		return;
	}
	bld_reset(&net->out);
	net_account_sign_encode(&net->out, &(struct net_account_sign){
		.account = ca->account, .sign = *sign });
	net->ops->sign(net->ctx, NET_ACCOUNT_SIGN,
	    (uint64_t)ca->slot << SLOT_SHIFT | sign_id, bld_view(&net->out));
}

static void
on_http(void *ctx, uint64_t http_id, const struct client_request *request)
{
	struct ca *ca = ctx;

	ca->net->ops->http(ca->net->ctx, ca->slot, http_id, request);
}

static void
on_http_cancel(void *ctx, uint64_t http_id)
{
	struct ca *ca = ctx;

	ca->net->ops->http_cancel(ca->net->ctx, ca->slot, http_id);
}

static const struct client_ops client_ops = {
	.http = on_http,
	.http_cancel = on_http_cancel,
	.sign = on_sign,
	.account = on_account,
	.offer = on_offer,
	.clean = on_clean,
	.progress = on_progress,
	.done = on_done,
};

void
net_answered(struct net *net, unsigned slot, uint64_t http_id,
    const struct client_response *response)
{
	if (slot == NET_OCSP_SLOT)
		net_ocsp_answered(net->ocsp, http_id, response);
	else
		client_http_done(net->cas[slot].client, http_id, response);
}

int
net_from_account(struct net *net, uint16_t type, uint64_t id,
    struct span payload, struct err *err)
{
	struct net_account_answer answer;
	struct err why = ERR_INIT;
	uint64_t slot = id >> SLOT_SHIFT;
	int r = net_account_answer_decode(type, payload, &answer, err);

	if (r < 0)
		return r;
	if (slot >= NET_CAS_MAX || net->cas[slot].client == NULL)
		return err_set(err, ERR_FRAME, NULL,
		    "account answers what was not asked");
	if (answer.type == NET_ACCOUNT_REFUSED)
		err_set(&why, ERR_INTERNAL, NULL, "%.*s",
		    SPAN_FMT(answer.text));
	client_sign_done(net->cas[slot].client,
	    id & (((uint64_t)1 << SLOT_SHIFT) - 1), answer.text, &why);
	return 0;
}

/* ---- from judge ---- */

static int
new_ca(struct net *net, const struct judge_net_ca *from, struct err *err)
{
	struct ca *ca = NULL;

	for (unsigned i = 0; i < NET_CAS_MAX; i++) {
		if (net->cas[i].used && net->cas[i].number == from->ca)
			return err_set(err, ERR_FRAME, NULL,
			    "judge opens CA %u twice", from->ca);
		if (!net->cas[i].used && ca == NULL)
			ca = &net->cas[i];
	}
	if (ca == NULL)
		return err_set(err, ERR_FRAME, NULL,
		    "judge opens more than %d CAs", NET_CAS_MAX);
	ca->used = true;
	ca->number = from->ca;
	ca->account = from->account;
	net->ops->setup(net->ctx, ca->slot, from->trust, from->proxy);
	/* What is wrong is said to whoever asks something of it. */
	(void)client_new(net->env, &from->options, &client_ops, ca,
	    &ca->client, &ca->broken);
	return 0;
}

static void
take_signed(struct net *net, uint64_t op, const struct judge_net_signed *signed_)
{
	struct wanted *wanted, found;
	struct err why = ERR_INIT;

	if (!signed_->ok)
		err_set(&why, ERR_INTERNAL, NULL, "%.*s",
		    SPAN_FMT(signed_->text));
	LIST_EACH(wanted, &net->wanted, of_net) {
		if (wanted->op == op) {
			found = *wanted;
			forget(net, wanted);
			client_sign_done(found.ca->client, found.sign_id,
			    signed_->text, &why);
			return;
		}
	}
	/* It was cancelled. */
}

static void
run(struct client *client, uint64_t id, const struct judge_net_ask *ask)
{
	switch (ask->type) {
	case JUDGE_NET_OPEN:
		client_open(client, id);
		break;
	case JUDGE_NET_REGISTER:
		client_register(client, id, ask->only_existing);
		break;
	case JUDGE_NET_UPDATE:
		client_update(client, id, &ask->registration);
		break;
	case JUDGE_NET_ROLLOVER:
		client_rollover(client, id, ask->thumbprint);
		break;
	case JUDGE_NET_DEACTIVATE:
		client_deactivate(client, id);
		break;
	case JUDGE_NET_ORDER:
		client_order(client, id, &ask->order);
		break;
	case JUDGE_NET_SOLVED:
		client_solved(client, id, ask->solved.authz,
		    ask->solved.method);
		break;
	case JUDGE_NET_DECLINED:
		client_declined(client, id, ask->solved.authz,
		    ask->solved.text);
		break;
	case JUDGE_NET_RENEWAL_INFO:
		client_renewal_info(client, id, ask->cert_id);
		break;
	case JUDGE_NET_REVOKE:
		client_revoke(client, id, ask->revoke.der, ask->revoke.reason,
		    ask->revoke.by_certificate_key);
		break;
	case JUDGE_NET_ORDERS:
		client_orders(client, id);
		break;
	case JUDGE_NET_DEACTIVATE_AUTHZ:
		client_deactivate_authz(client, id, ask->url);
		break;
	case JUDGE_NET_CANCEL:
		client_cancel(client, id);
		break;
	case JUDGE_NET_CA:
	case JUDGE_NET_SIGNED:
	case JUDGE_NET_OCSP:
	case JUDGE_NET_ASK_END:
	case NET_JUDGE_RESULT:
	case NET_JUDGE_OFFER:
	case NET_JUDGE_CLEAN:
	case NET_JUDGE_PROGRESS:
	case NET_JUDGE_SIGN:
	case NET_JUDGE_ACCOUNT:
	case NET_JUDGE_OCSP:
		break;
	}
}

static void
on_ocsp_http(void *ctx, uint64_t id, const struct client_request *request)
{
	struct net *net = ctx;

	net->ops->http(net->ctx, NET_OCSP_SLOT, id, request);
}

static void
on_ocsp(void *ctx, uint64_t id, bool ok, struct span text)
{
	tell(ctx, id, &(struct judge_net_tell){
		.type = NET_JUDGE_OCSP, .ocsp = { ok, text } });
}

int
net_from_judge(struct net *net, uint16_t type, uint64_t id,
    struct span payload, struct err *err)
{
	struct judge_net_ask ask;
	int r = judge_net_ask_decode(type, payload, &ask, err);

	if (r < 0)
		return r;
	if (ask.type == JUDGE_NET_CA)
		return new_ca(net, &ask.new_ca, err);
	if (ask.type == JUDGE_NET_SIGNED) {
		take_signed(net, id, &ask.answer);
		return 0;
	}
	if (ask.type == JUDGE_NET_OCSP) {
		net_ocsp_ask(net->ocsp, id, ask.ocsp.url, ask.ocsp.directory,
		    ask.ocsp.request);
		return 0;
	}
	for (unsigned i = 0; i < NET_CAS_MAX; i++) {
		struct ca *ca = &net->cas[i];

		if (!ca->used || ca->number != ask.ca)
			continue;
		if (ca->client != NULL)
			run(ca->client, id, &ask);
		else
			tell_problem(net, id, CLIENT_SETUP, ca->broken.text);
		return 0;
	}
	return err_set(err, ERR_FRAME, NULL, "judge asks for CA %u, which it "
	    "did not open", ask.ca);
}

struct net *
net_new(const struct env *env, const struct net_ops *ops, void *ctx)
{
	struct net *net = mem_zalloc(sizeof(*net));

	net->env = env;
	net->ops = ops;
	net->ctx = ctx;
	for (unsigned i = 0; i < NET_CAS_MAX; i++)
		net->cas[i] = (struct ca){ .net = net, .slot = i };
	net->ocsp = net_ocsp_new(on_ocsp_http, on_ocsp, net);
	bld_init(&net->out, FRAME_PAYLOAD_MAX);
	return net;
}

void
net_free(struct net *net)
{
	struct wanted *wanted;

	if (net == NULL)
		return;
	for (unsigned i = 0; i < NET_CAS_MAX; i++)
		client_free(net->cas[i].client);
	net_ocsp_free(net->ocsp);
	LIST_EACH(wanted, &net->wanted, of_net)
		forget(net, wanted);
	bld_free(&net->out);
	free(net);
}
