/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/peers.h"

#include "base/log.h"
#include "base/mem.h"

struct peers_link {
	struct peer peer;
	struct peers *peers;
	struct link *link;
	struct peers_link *next;
};

void
peers_init(struct peers *peers, struct proc *proc,
    const struct peers_ops *ops, void *ctx)
{
	*peers = (struct peers){ .proc = proc, .ops = ops, .ctx = ctx };
}

static struct peers_link *
find(const struct peers *peers, enum role role, unsigned index)
{
	struct peers_link *at = peers->first;

	while (at != NULL &&
	    (at->peer.role != role || at->peer.index != index))
		at = at->next;
	return at;
}

/* Its link is gone already; it is, too, when this returns. */
static void
gone(struct peers_link *gone)
{
	struct peers *peers = gone->peers;
	struct peers_link **at = &peers->first;

	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	if (peers->ops->down != NULL)
		peers->ops->down(peers->ctx, &gone->peer);
	free(gone);
}

static int
on_frame(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct peers_link *from = ctx;
	struct peers *peers = from->peers;

	return peers->ops->frame(peers->ctx, &from->peer, type, id, payload,
	    err);
}

static void
on_closed(void *ctx, const struct err *err)
{
	struct peers_link *from = ctx;
	struct err copy = *err;

	if (err->kind != ERR_NONE) {
		err_prefix(&copy, "%s %u", role_name(from->peer.role),
		    from->peer.index);
		log_err(LOG_WARNING, "link-failed", &copy);
	}
	log_event(LOG_DEBUG, "peer-gone", "role=%s index=%u",
	    role_name(from->peer.role), from->peer.index);
	proc_link_lost(from->peers->proc, &from->peer);
	gone(from);
}

static const struct link_ops link_ops = {
	.frame = on_frame,
	.closed = on_closed,
};

void
peers_on_link(void *ctx, const struct peer *peer, int fd)
{
	struct peers *peers = ctx;
	struct peers_link *old = find(peers, peer->role,
	    peer->index);
	struct peers_link *new = mem_zalloc(sizeof(*new));

	if (old != NULL) {
		link_free(old->link);
		gone(old);
	}
	new->peer = *peer;
	new->peers = peers;
	new->link = link_new(peers->proc->loop, fd, &link_ops, new);
	new->next = peers->first;
	peers->first = new;
	if (peers->ops->up != NULL)
		peers->ops->up(peers->ctx, &new->peer);
}

void
peers_done(struct peers *peers)
{
	struct peers_link *next;

	for (struct peers_link *at = peers->first; at != NULL; at = next) {
		next = at->next;
		link_free(at->link);
		free(at);
	}
	peers->first = NULL;
}

bool
peers_has(const struct peers *peers, enum role role)
{
	struct peers_link *at = peers->first;

	while (at != NULL && at->peer.role != role)
		at = at->next;
	return at != NULL;
}

void
peers_send(struct peers *peers, enum role role, unsigned index, uint16_t type,
    uint64_t id, struct span payload)
{
	struct peers_link *to = find(peers, role, index);

	if (to != NULL)
		link_send(to->link, type, id, payload);
}

void
peers_answer(struct peers *peers, unsigned number, uint16_t type, uint64_t id,
    struct span payload)
{
	struct peers_link *to = peers->first;

	while (to != NULL && to->peer.number != number)
		to = to->next;
	if (to != NULL)
		link_send(to->link, type, id, payload);
}
