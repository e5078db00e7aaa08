# SPDX-License-Identifier: Apache-2.0
"""Makes a C header of numbered migrations: embed.py OUT NAME FILE..."""
import os
import sys

out, name, files = sys.argv[1], sys.argv[2], sys.argv[3:]
lines = ['/* SPDX-License-Identifier: Apache-2.0 */',
         'static const char *const %s[] = {' % name]
for number, path in enumerate(files, 1):
    if int(os.path.basename(path)[:4]) != number:
        sys.exit('%s: migrations are numbered 0001, 0002, ...' % path)
    with open(path, encoding='ascii') as f:
        for line in f:
            text = line.rstrip('\n').replace('\\', '\\\\')
            lines.append('\t"%s\\n"' % text.replace('"', '\\"'))
    lines.append('\t,')
lines.append('};')
with open(out, 'w', encoding='ascii') as f:
    f.write('\n'.join(lines) + '\n')
