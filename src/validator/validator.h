/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_VALIDATOR_VALIDATOR_H
#define SIGNET_VALIDATOR_VALIDATOR_H

/*
 * validator: a perspective. For each question it runs the method and, beside
 * it, the CAA check, and only when both permit seals an attestation with the
 * key that it shares with the signer. It trusts core for nothing but the
 * question: names and tokens are checked again before they are used.
 *
 * It knows no peer and no system: answers go to the function given with the
 * question, all else goes through env.
 */

#include "base/env.h"
#include "rpc/core_validator.h"
#include "validator/rules.h"

#define VALIDATOR_SLOTS_MAX 1000    /* attempts at once */
#define VALIDATOR_QUEUE_MAX 10000   /* questions that wait for a slot; more
                                       are answered with ERR_BUSY */

struct validator;

/* perspective and key are copied; env must live as long as the validator,
 * rules gets another reference. */
struct validator *validator_new(const struct env *env, struct span perspective,
    const uint8_t key[ATTESTATION_KEY_SIZE], struct rules *rules);

/* Only when no attempt is under way (or the loop will never run again): what
 * runs is given up and never answered. */
void validator_free(struct validator *validator);

/* For questions from now on. */
void validator_set_rules(struct validator *validator, struct rules *rules);

/* Calls answer(arg, id, ...) once, never before it returns. id is the
 * asker's, to tell its questions apart; request is copied. */
void validator_ask(struct validator *validator,
    const struct validate_request *request,
    void (*answer)(void *arg, uint64_t id,
    const struct validate_answer *answer), void *arg, uint64_t id);

/* Who asked is gone: what waits is dropped, and what runs runs on, for it
 * cannot be called back, but is not answered. */
void validator_forget(struct validator *validator);

/* Attempts under way and questions that wait. */
size_t validator_active(const struct validator *validator);
size_t validator_queued(const struct validator *validator);

#endif
