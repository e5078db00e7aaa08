/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_VALIDATOR_VALIDATOR_MAIN_H
#define SIGNET_VALIDATOR_VALIDATOR_MAIN_H

/* The validator process, from its exec to its exit status. */
int validator_main(void);

#endif
