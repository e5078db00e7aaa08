/* SPDX-License-Identifier: Apache-2.0 */
#include "master/reload.h"

#include "base/log.h"
#include "master/check.h"
#include "master/children.h"

static void
log_refused(const struct err *err)
{
	log_err(LOG_ERROR, "reload-refused", err);
}

/* Every mistake is named, with its line. */
static int
read_next(struct master *master, struct err *err)
{
	static struct config_errors errors;
	char key[LOG_QUOTE_SIZE], text[LOG_QUOTE_SIZE];
	int r;

	errors.count = 0;
	r = check_all(master->options->config_file, &master->next, &errors,
	    err);
	for (size_t i = 0; i < errors.count; i++) {
		const struct config_error *e = &errors.items[i];

		log_event(LOG_ERROR, "config-error", "line=%d key=%s error=%s",
		    e->line, log_quote(key, e->key, strlen(e->key)),
		    log_quote(text, e->text, strlen(e->text)));
	}
	if (r < 0)
		return r;
	r = config_check_reload(&master->config, &master->next, err);
	if (r < 0)
		config_free(&master->next);
	return r;
}

static void
end(struct master *master)
{
	master->reloading = false;
	master->env.timer_cancel(master->env.ctx, master->reload_timer);
	master->reload_timer = NULL;
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
commit(struct master *master)
{
	config_free(&master->config);
	master->config = master->next;
	master->next = (struct config){ 0 };
	log_set_level((enum log_level)master->config.log_level);
	for (size_t i = 0; i < master->num_children; i++)
		children_tell(&master->children[i], CONTROL_COMMIT);
	log_event(LOG_NOTICE, "reloaded", NULL);
	end(master);
}

static void
on_timeout(void *arg)
{
	struct master *master = arg;
	struct err err;

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

void
reload_begin(struct master *master)
{
	struct err err = ERR_INIT;

	if (master->state == MASTER_STOPPING)
		return;
	if (master->state == MASTER_STARTING || master->reloading) {
		master->reload_again = true;
		return;
	}
	master->reload_again = false;
	if (master->options->config_file == NULL) {
		log_event(LOG_WARNING, "reload-refused",
		    "error=\"there is no configuration file to read\"");
		return;
	}
	/* The old certificate is good for a while yet. */
	if (master->options->refresh != NULL &&
	    master->options->refresh(&master->config, &err) < 0)
		log_err(LOG_WARNING, "renewal-failed", &err);
	if (read_next(master, &err) < 0) {
		log_refused(&err);
		return;
	}
	master->reloading = true;
	notify_reloading(&master->notify);
	master->reload_timer = master->env.timer_start(master->env.ctx,
	    MASTER_RELOAD_TIMEOUT_MS, on_timeout, master);
	if (prepare_all(master, &err) < 0)
		abandon(master, &err);
}

void
reload_answer(struct child *child, struct span text)
{
	struct master *master = child->master;
	char printable[LOG_QUOTE_SIZE];
	struct err err;

	if (child->unanswered == 0 || --child->unanswered > 0 ||
	    !master->reloading)
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
reload_death(struct child *child)
{
	struct err err;

	if (!child->master->reloading)
		return;
	err_set(&err, ERR_BUSY, NULL, "%s %u died meanwhile; send SIGHUP "
	    "again", role_name(child->row->role), child->index);
	abandon(child->master, &err);
}

void
reload_done(struct master *master)
{
	master->env.timer_cancel(master->env.ctx, master->reload_timer);
	master->reload_timer = NULL;
	config_free(&master->next);
}
