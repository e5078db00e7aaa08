/* SPDX-License-Identifier: Apache-2.0 */
#include "master/connect.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "master/children.h"
#include "master/links.h"

struct connection {
	struct child *a;
	struct child *b;
	unsigned number;         /* of the link; 0: there is none */
	int64_t made_at;
	int64_t delay_ms;        /* before it was made again last */
	struct env_timer *timer; /* until it is made again */
	struct connection *next;
};

static void
set_timer(struct connection *connection, int64_t delay_ms,
    void (*cb)(void *arg))
{
	struct env *env = &connection->a->master->env;

	env->timer_cancel(env->ctx, connection->timer);
	connection->timer = cb == NULL ? NULL :
	    env->timer_start(env->ctx, delay_ms, cb, connection);
}

static void
hand_out(struct child *child, const struct child *peer, unsigned number,
    int fd)
{
	const struct control link = { .type = CONTROL_LINK,
		.role = peer->row->role, .index = peer->index,
		.link = number, .num_fds = 1, .fds = { fd } };

	children_send(child, &link);
	close(fd);
}

static void make_later(struct connection *connection);

static void
make(struct connection *connection)
{
	struct master *master = connection->a->master;
	struct err err = ERR_INIT;
	int fds[2];

	set_timer(connection, 0, NULL);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    fds) < 0) {
		err_errno(&err, "cannot connect two processes");
		log_err(LOG_ERROR, "link-failed", &err);
		make_later(connection);
		return;
	}
	connection->number = ++master->last_link;
	connection->made_at = env_now(&master->env);
	hand_out(connection->a, connection->b, connection->number, fds[0]);
	hand_out(connection->b, connection->a, connection->number, fds[1]);
}

/* The first pause is for a death that was not noticed yet: it ends links,
 * too, and is no failure of theirs. */
static void
on_again(void *arg)
{
	struct connection *connection = arg;
	const struct child *a = connection->a, *b = connection->b;

	connection->timer = NULL;
	if (a->master->state == MASTER_STOPPING)
		return;
	log_event(LOG_WARNING, "link-renewed",
	    "role=%s index=%u pid=%d peer=%s peer_index=%u peer_pid=%d",
	    role_name(a->row->role), a->index, (int)a->pid,
	    role_name(b->row->role), b->index, (int)b->pid);
	make(connection);
}

static void
make_later(struct connection *connection)
{
	const struct master *master = connection->a->master;
	int64_t held_ms = env_now(&master->env) - connection->made_at;

	if (connection->delay_ms == 0 || held_ms >= CONNECT_FORGET_MS)
		connection->delay_ms = CONNECT_FIRST_MS;
	else if (connection->delay_ms < CONNECT_LAST_MS / 2)
		connection->delay_ms *= 2;
	else
		connection->delay_ms = CONNECT_LAST_MS;
	set_timer(connection, connection->delay_ms, on_again);
}

static struct connection *
find(const struct child *child, enum role role, unsigned index)
{
	struct connection *at = child->master->connections;

	for (; at != NULL; at = at->next) {
		const struct child *peer = at->a == child ? at->b :
		    at->b == child ? at->a : NULL;

		if (peer != NULL && peer->row->role == role &&
		    peer->index == index)
			break;
	}
	return at;
}

static struct connection *
find_or_add(struct child *a, struct child *b)
{
	struct connection *connection = find(a, b->row->role, b->index);

	if (connection != NULL)
		return connection;
	connection = mem_zalloc(sizeof(*connection));
	connection->a = a;
	connection->b = b;
	connection->next = a->master->connections;
	a->master->connections = connection;
	return connection;
}

void
connect_child(struct child *child)
{
	struct master *master = child->master;

	for (size_t i = 0; i < master->num_children; i++) {
		struct child *other = &master->children[i];

		if (other != child && other->control >= 0 &&
		    links_allowed(child->row->role, other->row->role))
			make(find_or_add(child, other));
	}
}

bool
connect_lost(struct child *child, const struct control *control)
{
	struct connection *connection = find(child, control->role,
	    control->index);

	if (connection == NULL)
		return false;
	/* Both ends complain; the second finds that it is seen to. */
	if (connection->number == control->link && connection->number != 0 &&
	    connection->timer == NULL)
		make_later(connection);
	return true;
}

void
connect_gone(struct child *child)
{
	struct connection *at = child->master->connections;

	for (; at != NULL; at = at->next) {
		if (at->a != child && at->b != child)
			continue;
		set_timer(at, 0, NULL);
		at->number = 0;
		at->delay_ms = 0;
	}
}

void
connect_done(struct master *master)
{
	struct connection *next;

	for (struct connection *at = master->connections; at != NULL;
	    at = next) {
		next = at->next;
		set_timer(at, 0, NULL);
		free(at);
	}
	master->connections = NULL;
}
