#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# booted.sh ROOT PROGRAMS: systemd as process 1 of namespaces of its own, whose /
# is a tmpfs at ROOT with this machine's /usr, and PROGRAMS at /opt, read-only.
# It shares the network alone; what would change this machine is not among its
# capabilities, and of /usr's units it has only the targets that order others.
# The caller is in the control group that is to be its root.
set -eu
root=$1
programs=$2
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$root"
cd "$root"
mkdir usr opt etc etc/systemd etc/systemd/system run tmp var var/tmp var/lib \
    var/log srv proc sys dev units old
chmod 1777 tmp var/tmp

mount --bind /usr usr
mount --bind "$programs" opt
mount -o remount,ro,bind usr
mount -o remount,ro,bind opt
for link in bin sbin lib lib64; do
	ln -s "usr/$link" "$link"
done
cp -a /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache /etc/hosts etc/
echo uninitialized > etc/machine-id

mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
for device in null zero full random urandom tty; do
	touch "dev/$device"
	mount --bind "/dev/$device" "dev/$device"
done
ln -s /proc/self/fd dev/fd
if [ -d /sys/fs/cgroup/systemd ]; then
	groups=sys/fs/cgroup/systemd
	type="cgroup -o none,name=systemd"
else
	groups=sys/fs/cgroup
	type=cgroup2
fi
mkdir -p "$groups"
# shellcheck disable=SC2086 # type is several words
mount -t $type cgroup "$groups"

for target in basic local-fs multi-user network network-online nss-lookup \
    paths shutdown slices sockets sysinit timers umount; do
	cp "usr/lib/systemd/system/$target.target" units/
done
mount --bind units usr/lib/systemd/system

pivot_root . old
umount -l old
rmdir old
cd /
exec env -i container=test PATH=/usr/sbin:/usr/bin \
    "NOTIFY_SOCKET=$NOTIFY_SOCKET" setpriv --bounding-set=-audit_control,\
-audit_read,-mac_admin,-mac_override,-mknod,-net_admin,-sys_boot,-sys_module,\
-sys_rawio,-sys_time,-sys_tty_config,-syslog,-wake_alarm \
    /lib/systemd/systemd --system --unit=multi-user.target \
    --log-target=console --log-level=warning --show-status=no
