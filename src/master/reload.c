/* SPDX-License-Identifier: Apache-2.0 */
#include "master/reload.h"

#include "base/log.h"
#include "master/check.h"
#include "master/children.h"
#include "master/renew.h"

static void
log_refused(const struct err *err)
{
	log_err(LOG_ERROR, "reload-refused", err);
}

static void
log_mistakes(const struct config_errors *errors)
{
	char key[LOG_QUOTE_SIZE], text[LOG_QUOTE_SIZE];

	for (size_t i = 0; i < errors->count; i++) {
		const struct config_error *e = &errors->items[i];

		log_event(LOG_ERROR, "config-error", "line=%d key=%s error=%s",
		    e->line, log_quote(key, e->key, strlen(e->key)),
		    log_quote(text, e->text, strlen(e->text)));
	}
}

/* A key that needs a restart is named as such, before what else the new value
 * would be wrong for now. */
static int
check_keys(struct master *master, struct config_errors *errors,
    struct err *err)
{
	struct config next;
	int r;

	r = config_read(master->options->config_file, &next, errors, err);
	if (r < 0)
		return r;
	r = config_check_reload(&master->config, &next, err);
	config_free(&next);
	return r;
}

/* Every mistake is named, with its line. */
static int
read_next(struct master *master, struct err *err)
{
	static struct config_errors errors;
	int r;

	errors.count = 0;
	r = check_keys(master, &errors, err);
	if (r == 0)
		r = check_all(master->options->config_file, &master->next,
		    &errors, err);
	if (r < 0) {
		log_mistakes(&errors);
		return r;
	}
	/* The file may have changed between its two readings. */
	r = config_check_reload(&master->config, &master->next, err);
	if (r < 0)
		config_free(&master->next);
	return r;
}

static void
set_timer(struct master *master, void (*cb)(void *arg))
{
	struct env *env = &master->env;

	env->timer_cancel(env->ctx, master->reload_timer);
	master->reload_timer = cb == NULL ? NULL : env->timer_start(env->ctx,
	    MASTER_RELOAD_TIMEOUT_MS, cb, master);
}

/* Before anything was asked of a process. */
static void
refuse(struct master *master, const struct err *err)
{
	log_refused(err);
	notify_ready(&master->notify);
}

static void
end(struct master *master)
{
	master->reload = RELOAD_NONE;
	set_timer(master, NULL);
	config_free(&master->next);
	notify_ready(&master->notify);
	children_resume(master);
	if (master->reload_again)
		reload_begin(master);
}

static void
abandon(struct master *master, const struct err *err)
{
	log_refused(err);
	for (size_t i = 0; i < master->num_children; i++)
		children_tell(&master->children[i], CONTROL_ABANDON);
	end(master);
}

static void
end_if_committed(struct master *master)
{
	for (size_t i = 0; i < master->num_children; i++) {
		if (master->children[i].committing)
			return;
	}
	log_event(LOG_NOTICE, "reloaded", NULL);
	end(master);
}

/* From here on a process that hangs is killed, and one that dies is started
 * again, with the new configuration. */
static void
on_commit_timeout(void *arg)
{
	struct master *master = arg;

	master->reload_timer = NULL;
	for (size_t i = 0; i < master->num_children; i++) {
		struct child *child = &master->children[i];

		if (!child->committing)
			continue;
		log_event(LOG_ERROR, "reload-timeout", "role=%s index=%u",
		    role_name(child->row->role), child->index);
		children_kill(child);
	}
}

static void
commit(struct master *master)
{
	master->reload = RELOAD_COMMITTING;
	master->renewed = false;
	config_free(&master->config);
	master->config = master->next;
	master->next = (struct config){ 0 };
	log_set_level((enum log_level)master->config.log_level);
	set_timer(master, on_commit_timeout);
	for (size_t i = 0; i < master->num_children; i++) {
		struct child *child = &master->children[i];

		child->committing = child->control >= 0;
		children_tell(child, CONTROL_COMMIT);
	}
	end_if_committed(master);
}

static void
on_prepare_timeout(void *arg)
{
	struct master *master = arg;
	struct err err = ERR_INIT;

	master->reload_timer = NULL;
	for (size_t i = 0; i < master->num_children; i++) {
		struct child *child = &master->children[i];

		if (child->unanswered == 0)
			continue;
		err_set(&err, ERR_BUSY, NULL, "%s %u did not answer",
		    role_name(child->row->role), child->index);
		children_kill(child);
	}
	abandon(master, &err);
}

static int
prepare_all(struct master *master, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < master->num_children; i++) {
		struct child *child = &master->children[i];

		if (child->control < 0)
			continue;
		r = children_give(child, CONTROL_PREPARE, &master->next, err);
		if (r == 0)
			child->unanswered++;
	}
	return r;
}

static void
begin(struct master *master)
{
	struct err err = ERR_INIT;

	master->reload = RELOAD_PREPARING;
	set_timer(master, on_prepare_timeout);
	if (prepare_all(master, &err) < 0)
		abandon(master, &err);
}

static void
begin_with_copy(struct master *master)
{
	struct err err = ERR_INIT;
	struct bld copy;
	int r;

	bld_init(&copy, CONTROL_SIZE_MAX);
	config_encode(&copy, &master->config);
	r = config_decode(bld_view(&copy), &master->next, &err);
	bld_free(&copy);
	if (r < 0)
		refuse(master, &err);
	else
		begin(master);
}

void
reload_begin(struct master *master)
{
	struct err err = ERR_INIT;

	if (master->state == MASTER_STOPPING)
		return;
	if (master->state == MASTER_STARTING || master->reload != RELOAD_NONE) {
		master->reload_again = true;
		return;
	}
	master->reload_again = false;
	notify_reloading(&master->notify);
	renew_now(master);
	if (master->options->config_file == NULL)
		begin_with_copy(master);
	else if (read_next(master, &err) < 0)
		refuse(master, &err);
	else
		begin(master);
}

void
reload_files(struct master *master)
{
	notify_reloading(&master->notify);
	begin_with_copy(master);
}

void
reload_answer(struct child *child, struct span text)
{
	struct master *master = child->master;
	char printable[LOG_QUOTE_SIZE];
	struct err err;

	if (child->unanswered == 0 || --child->unanswered > 0 ||
	    master->reload != RELOAD_PREPARING)
		return; /* late, of a reload that was given up */
	if (text.len > 0) {
		log_quote(printable, (const char *)text.data, text.len);
		err_set(&err, ERR_CONFIG, NULL, "%s %u: %s",
		    role_name(child->row->role), child->index, printable);
		abandon(master, &err);
		return;
	}
	for (size_t i = 0; i < master->num_children; i++) {
		if (master->children[i].unanswered > 0)
			return;
	}
	commit(master);
}

void
reload_committed(struct child *child)
{
	if (!child->committing)
		return;
	child->committing = false;
	end_if_committed(child->master);
}

void
reload_death(struct child *child)
{
	struct master *master = child->master;
	struct err err;

	switch (master->reload) {
	case RELOAD_NONE:
		break;
	case RELOAD_PREPARING:
		err_set(&err, ERR_BUSY, NULL, "%s %u died meanwhile; send "
		    "SIGHUP again", role_name(child->row->role), child->index);
		abandon(master, &err);
		break;
	case RELOAD_COMMITTING:
		end_if_committed(master);
		break;
	}
}

void
reload_done(struct master *master)
{
	set_timer(master, NULL);
	config_free(&master->next);
}
