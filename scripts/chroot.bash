# For scripts and tests that need a clean Debian of some suite. Source it, then:
#
#   debian_root NAME SUITE ROOT                   makes the folder ROOT by debootstrap unless it is there: the suite's smallest system.
#                                                 NAME goes in front of messages
#   debian_run [-k] [-b FROM:TO]... ROOT COMMAND...  runs it there with /proc, /sys and a /dev of its own, as root, in the folder /.
#                                                 -b binds a folder of the host; -k keeps what it writes. Otherwise all that is
#                                                 written is held in memory and gone when the command has ended
#
# Mounts are made in a mount namespace: they end with the command, however it ends. Needs root.

# shellcheck source=scripts/isolated-apt.bash
. "$(dirname "${BASH_SOURCE[0]}")/isolated-apt.bash"

debian_root() {
	local name=$1 suite=$2 root=$3 mirror work
	[ ! -e "$root/etc/debian_version" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		echo "$name: making a root folder of Debian $suite needs root" >&2
		return 1
	fi
	mirror=$(debian_mirror "$name") || return 1
	mkdir -p "${root%/*}"
	(
		flock 9 # two builds on one machine share the folder
		[ ! -e "$root/etc/debian_version" ] || exit 0
		echo "$name: debian $suite by debootstrap into $root" >&2
		work=$(mktemp -d "${root%/*}/.root.XXXXXX")
		trap 'rm -rf "$work"' EXIT
		chmod 755 "$work"
		mkdir "$work/root"
		# In a mount namespace, for it leaves mounts behind where it is interrupted.
		if ! unshare -m debootstrap --variant=minbase "--keyring=$debian_keyring" "$suite" "$work/root" "$mirror" >"$work/log" 2>&1; then
			tail -n 20 "$work/log" >&2
			echo "$name: debootstrap failed, see above" >&2
			exit 1
		fi
		rm -rf "$root"
		mv "$work/root" "$root"
	) 9>"${root%/*}/.${root##*/}.lock"
}

debian_run() {
	local keep=no binds=() argument OPTIND=1
	while getopts kb: argument; do
		case $argument in
		k) keep=yes ;;
		b) binds+=("$OPTARG") ;;
		*) return 2 ;;
		esac
	done
	shift $((OPTIND - 1))
	# shellcheck disable=SC2016
	unshare -m --propagation private bash -c '
		set -euo pipefail
		keep=$1 root=$2 n=$3
		shift 3
		# The folder that is mounted over: any that is there, for the namespace is ours.
		new=/mnt
		if [ "$keep" = yes ]; then
			mount --bind "$root" "$new"
		else
			mount -t tmpfs -o mode=755 written "$new"
			mkdir "$new/upper" "$new/work" "$new/root"
			mount -t overlay -o "lowerdir=$root,upperdir=$new/upper,workdir=$new/work" root "$new/root"
			new=$new/root
		fi
		mount -t proc proc "$new/proc"
		mount -t sysfs sysfs "$new/sys"
		mount -t tmpfs -o mode=755 dev "$new/dev"
		for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
			IFS=: read -r name major minor <<<"$node"
			mknod -m 666 "$new/dev/$name" c "$major" "$minor"
		done
		mkdir "$new/dev/pts" "$new/dev/shm"
		mount -t devpts -o newinstance,ptmxmode=666 devpts "$new/dev/pts"
		ln -s pts/ptmx "$new/dev/ptmx"
		ln -s /proc/self/fd "$new/dev/fd"
		mount -t tmpfs -o mode=1777 shm "$new/dev/shm"
		while [ "$n" -gt 0 ]; do
			mkdir -p "$new${1#*:}"
			mount --rbind "${1%%:*}" "$new${1#*:}"
			shift
			n=$((n - 1))
		done
		exec chroot "$new" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			TERM="${TERM:-dumb}" DEBIAN_FRONTEND=noninteractive ${CI:+CI="$CI"} "$@"
	' debian_run "$keep" "$1" "${#binds[@]}" "${binds[@]}" "${@:2}"
}
