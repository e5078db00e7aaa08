/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signetd-signer: the signer's own program, linked without the libraries of
 * the others (docs/decisions/0001). Master starts it as `signetd signer`.
 */
#include "signer/signer_main.h"

int
main(void)
{
	return signer_main();
}
