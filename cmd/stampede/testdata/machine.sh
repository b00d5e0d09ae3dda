# Becomes systemd, as pid 1 of a machine of its own: its programs are this host's,
# what is written goes to memory, and no service is there but the journal. Expects
# new pid, mount, cgroup, network, uts and ipc namespaces.
#
#   sh machine.sh BASE GIVEN     BASE: an empty directory to mount on
#                                GIVEN: a directory that is /mnt in the machine
set -eu
root=$1/root
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$root" "$1/upper" "$1/work"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$root"
mount --bind "$2" "$root/mnt"

# What is the host's own is only looked at.
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for dir in run tmp dev; do
	mount -t tmpfs -o mode=755 tmpfs "$root/$dir"
done
chmod 1777 "$root/tmp"
mkdir "$root/dev/shm" "$root/dev/pts" "$root/dev/mqueue" "$root/dev/hugepages"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
for device in null zero full random urandom tty; do
	touch "$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done

# The host's units stay out of it.
units=$root/lib/systemd/system
mkdir "$1/units"
for unit in sysinit.target basic.target sockets.target multi-user.target network-online.target \
	shutdown.target umount.target systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket; do
	cp "$units/$unit" "$1/units"
done
mkdir "$1/units/sysinit.target.wants"
ln -s ../systemd-journald.service "$1/units/sysinit.target.wants"
mount --bind "$1/units" "$units"
for dir in etc/systemd/system lib/systemd/system-generators lib/systemd/system-environment-generators; do
	mkdir -p "$root/$dir"
	mount -t tmpfs -o mode=755 tmpfs "$root/$dir"
done

ip link set lo up
mkdir "$root/host"
cd "$root"
pivot_root . host
umount -l /host
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin container=test \
	/lib/systemd/systemd --system --unit=multi-user.target --show-status=no
