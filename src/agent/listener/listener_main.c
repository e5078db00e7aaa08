/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/listener/listener_main.h"

#include <event2/util.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/listener/front.h"
#include "agent/listener/http_answer.h"

const struct sandbox listener_main_sandbox = {
	.calls = SANDBOX_ACCEPT,
};

const struct sandbox listener_main_sandbox_backend = {
	.calls = SANDBOX_ACCEPT | SANDBOX_DIAL,
};

struct listener {
	struct agent_proc *proc;
	struct http_answer *http; /* of listener */
	struct tls_answer *tls;   /* of alpn */
	struct front *front;      /* the same */
	struct bld out;           /* of the answer that is being made */
	int null;                 /* /dev/null, where it outlives its run */
};

static int
act(const struct listener *listener,
    const struct judge_listener_request *request, struct err *err)
{
	bool http = request->type == JUDGE_LISTENER_SET_HTTP ||
	    request->type == JUDGE_LISTENER_DROP_HTTP;

	if (http != (listener->http != NULL))
		return err_set(err, ERR_FRAME, NULL,
		    "judge asks the %s process for another's challenge",
		    agent_proc_name(listener->proc->role));
	if (request->type == JUDGE_LISTENER_SET_HTTP)
		return http_answer_set(listener->http, request->token,
		    request->key_authorization, err);
	if (request->type == JUDGE_LISTENER_SET_TLS)
		return tls_answer_set(listener->tls, &request->ident,
		    request->digest, err);
	if (http)
		http_answer_drop(listener->http, request->token);
	else
		tls_answer_drop(listener->tls, &request->ident);
	return 0;
}

static int
on_judge(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct listener *listener = ctx;
	struct judge_listener_request request;
	struct judge_listener_answer answer = { .type = JUDGE_LISTENER_DONE };
	int r = judge_listener_request_decode(type, payload, &request, err);

	if (r < 0)
		return r;
	if (act(listener, &request, &answer.err) < 0)
		answer.type = JUDGE_LISTENER_REFUSED;
	bld_reset(&listener->out);
	judge_listener_answer_encode(&listener->out, &answer);
	agent_proc_send(listener->proc, AGENT_JUDGE, (uint16_t)answer.type,
	    id, bld_view(&listener->out));
	return 0;
}

static uint16_t
port_of(const struct listener_backend *backend)
{
	const struct sockaddr_in6 *v6 = (const void *)&backend->address;
	const struct sockaddr_in *v4 = (const void *)&backend->address;

	if (backend->steered_port != 0)
		return backend->steered_port;
	return ntohs(backend->address.ss_family == AF_INET6 ? v6->sin6_port :
	    v4->sin_port);
}

/* Two for each connection that is passed on. */
static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max < LISTENER_MAIN_FDS ?
	    limit.rlim_max : LISTENER_MAIN_FDS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int
open_all(struct listener *listener, struct err *err)
{
	struct agent_proc *proc = listener->proc;
	struct sandbox sandbox = proc->backend == NULL ?
	    listener_main_sandbox : listener_main_sandbox_backend;
	bool steered = proc->backend != NULL &&
	    proc->backend->steered_port != 0;
	int r = 0;

	raise_descriptors();
	if (steered)
		listener->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < proc->num_fds; i++)
		evutil_make_socket_nonblocking(proc->fds[i]);
	if (proc->backend != NULL)
		sandbox.connect_port = port_of(proc->backend);
	sandbox.bind_any = steered;
	if (proc->role == AGENT_LISTENER)
		listener->http = http_answer_new(proc->loop, &proc->env,
		    proc->fds, proc->num_fds);
	else
		r = tls_answer_new(&proc->env, &listener->tls, err);
	if (r == 0)
		r = agent_proc_sandbox(proc, &sandbox, err);
	if (r == 0 && proc->role != AGENT_LISTENER)
		listener->front = front_new(proc->loop, &proc->env,
		    listener->tls, proc->backend, proc->fds, proc->num_fds);
	return r;
}

/* In place of standard input, output and error: whoever waits for their end
 * must not wait for us. */
static bool
dup2_all(int fd)
{
	bool good = true;

	for (int i = 0; i < 3; i++) {
		close(i);
		good = dup(fd) == i && good; /* the lowest that is free */
	}
	return good;
}

/* What was steered here while the challenges stood is carried on to its end;
 * nobody reads any more what we would say. */
static void
outlive(const struct listener *listener)
{
	if (dup2_all(listener->null))
		front_drain(listener->front);
}

int
listener_main(struct agent_proc *proc)
{
	struct listener listener = { .proc = proc, .null = -1 };
	struct err err = ERR_INIT;
	int status = 1;

	bld_init(&listener.out, LINK_PAYLOAD_MAX);
	if (open_all(&listener, &err) < 0) {
		log_err(LOG_ERROR, "start-failed", &err);
		return status;
	}
	agent_proc_link(proc, AGENT_JUDGE, on_judge, &listener);
	status = agent_proc_run(proc);
	if (status == 0 && listener.null >= 0)
		outlive(&listener);
	front_free(listener.front);
	tls_answer_free(listener.tls);
	http_answer_free(listener.http);
	bld_free(&listener.out);
	return status;
}
