#!/usr/bin/env bats
# The static program where others put it: an image, a container beside a pod, a systemd unit; each with the privileges that are
# said to be enough, and no more. No container engine is needed: what engines make of these files is made by hand.

load helper
load processes
load empty

setup_file() {
	make_dist
}

setup() {
	processes_setup
	[ "$(id -u)" -eq 0 ] || skip_or_fail "not root"
	need_bpf
	use_go
	empty_setup
	dockerfile=$top/share/container/Dockerfile
	unit=$top/share/systemd/escaudit@.service
	# Where another user can get at what is tested.
	open_dir=$(mktemp -d /tmp/escaudit-container.XXXXXX)
	chmod 755 "$open_dir"
	program=$open_dir/sleeper
	cp "$(build_go sleeper CGO_ENABLED=0)" "$program"
	chmod 755 "$program"
	bursts=0
}

teardown() {
	processes_teardown
	rm -rf "$open_dir"
}

# image_setup: makes root what the Dockerfile makes of the folder build/dist, and sets entrypoint and workdir.
image_setup() {
	local word a b
	rm -f "$root/escaudit"
	entrypoint=() workdir=/
	while read -r word a b; do
		case $word in
		'#'* | '' | CMD) ;;
		FROM) [ "$a" = scratch ] || complain "FROM $a" ;;
		COPY) mkdir -p "$root/$(dirname "$b")" && cp "$ESCAUDIT_BUILD/dist/$a" "$root/$b" ;;
		WORKDIR) workdir=$a && mkdir -p "$root/$a" ;;
		ENTRYPOINT) mapfile -t entrypoint < <(jq -r '.[]' <<<"$a $b") ;;
		*) complain "the test does not know $word" ;;
		esac
	done <"$dockerfile"
}

# with_capabilities USER CAPABILITIES: sets as_user to what runs a command so ("bpf,perfmon", or "" for none), with these and no
# others, ever. Root, as in a container; or a user, who gets them as ambient ones.
with_capabilities() {
	local set=-all
	[ -z "$2" ] || set=-all,+${2//,/,+}
	if [ "$1" = root ]; then
		as_user=(setpriv --no-new-privs --clear-groups "--inh-caps=-all" "--bounding-set=$set")
	else
		as_user=(setpriv --no-new-privs --reuid "$1" --regid "$1" --clear-groups "--inh-caps=$set" "--ambient-caps=$set" "--bounding-set=$set")
	fi
}

# Capabilities that options of docker run, or the YAML file, name: "bpf,perfmon,sys_ptrace".
docker_capabilities() { grep -m 1 -e '--cap-drop=ALL' "$dockerfile" | grep -oE -- '--cap-add=[A-Z_]+' | sed 's/.*=//' | tr 'A-Z\n' 'a-z,' | sed 's/,$//'; }
yaml_capabilities() { python3 -c 'import re,sys; print(re.search(r"^    add: \[(.*)\]$", sys.stdin.read(), re.M)[1].replace(", ", ",").lower())' <"$top/share/container/debug.yaml"; }

# words_in_image COMMAND...: sets words to what runs it in the image as as_user. Capabilities fall after the mounts are made.
words_in_image() {
	# shellcheck disable=SC2016
	words=(unshare -m --propagation private bash -c '
		mount -t proc proc "$1/proc" && mount -t sysfs sysfs "$1/sys" || exit 99
		n=$3 as=("${@:4:$3}")
		shift $((3 + n))
		# chroot takes a capability that the program must not have, so that the root folder is entered first, by a descriptor.
		exec "$@"
	' image "$root")
}

# record_burst ARGS...: one burst of $target is recorded by "${runner[@]}" and is counted to the object; or it fails, as the
# messages say.
record_burst() {
	local want=1237
	rec=$results/rec messages=$BATS_TEST_TMPDIR/messages
	rm -f "$rec"
	"${runner[@]}" record --mode=exact "$@" 2>"$messages" </dev/null 3>&- &
	recorder=$!
	pids+=("$recorder")
	wait_for grep -qE 'recording |waiting |failed|process: ' "$messages" || { cat "$messages"; return 1; }
	if ! grep -qE 'recording |waiting ' "$messages"; then
		! wait "$recorder" || complain "it failed with status 0"
		return 0
	fi
	kill -USR1 "$target"
	wait_for eval "[ \$(grep -c burst '$log') -gt $bursts ]"
	bursts=$(grep -c burst "$log")
	stop_recording
	[ "$(counts_at "$rec" sleeper burst)" = "$want $((24 * want))" ] || complain "$*: $(counts_at "$rec" sleeper burst)"
	intact_soon "$target" "after $*"
}

expect_recorded() { [ -s "$results/rec" ] || complain "$1: $(cat "$messages")"; }
expect_refused() {
	[ ! -e "$results/rec" ] || complain "$1: recorded"
	grep -q "$2" "$messages" || complain "$1: $(cat "$messages")"
}
