#!/usr/bin/env bats
# The static program where others put it: an image, a container beside a pod, a systemd unit; each with the privileges that are
# said to be enough, and no more. No container engine is needed: what engines make of these files is made by hand.

load helper
load processes
load empty

setup_file() {
	make_dist "$ESCAUDIT_BUILD/dist/escaudit"
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

# Capabilities that the options of docker run, the YAML file or the unit name: "bpf,perfmon,sys_ptrace".
docker_capabilities() { grep -m 1 -e '--cap-drop=ALL' "$dockerfile" | grep -oE -- '--cap-add=[A-Z_]+' | sed 's/.*=//' | paste -s -d , | tr A-Z a-z; }
yaml_capabilities() { sed -n 's/^    add: \[\(.*\)\]$/\1/p' "$top/share/container/debug.yaml" | tr -d ' ' | tr A-Z a-z; }
unit_capabilities() { sed -n 's/^AmbientCapabilities=//p' "$unit" | sed 's/CAP_//g; s/ /,/g' | tr A-Z a-z; }

# all_but CAPABILITIES: the others, as capsh wants them.
all_but() {
	setpriv --list-caps | tr -d ' ' | grep -vxF "$(tr , '\n' <<<"$1")" | sed 's/^/cap_/' | paste -s -d ,
}

# words_in_image CAPABILITIES: sets runner to what runs the image as root with these capabilities and no others, ever. They fall
# once the root folder is entered, which takes one.
words_in_image() {
	# shellcheck disable=SC2016
	runner=(unshare -m --propagation private bash -c '
		mount -t proc proc "$1/proc" && mount -t sysfs sysfs "$1/sys" || exit 99
		exec env -i "$(PATH=$PATH:/usr/sbin command -v capsh)" "--chroot=$1" "--drop=$2" --no-new-privs "--shell=$3" -- "${@:4}"
	' image "$root" "$(all_but "$1")" "${entrypoint[@]}")
	results=$root$workdir
}

# record_burst ARGS...: one burst of $target is recorded by "${runner[@]}" and is counted to the object; or it fails, as the
# messages say.
record_burst() {
	rec=$results/rec messages=$(mktemp "$BATS_TEST_TMPDIR/messages.XXXXXX")
	rm -f "$rec"
	"${runner[@]}" record --mode=exact -o "$output/rec" "$@" 2>"$messages" </dev/null 3>&- &
	recorder=$!
	pids+=("$recorder")
	wait_for grep -qE 'recording |waiting |failed|process: ' "$messages" || { cat "$messages"; return 1; }
	if ! grep -qE 'recording |waiting ' "$messages"; then
		! wait "$recorder" || complain "it failed with status 0"
		return 0
	fi
	burst
	stop_recording
	expect_burst 1237 "$*"
	intact_soon "$target" "after $*"
}

expect_recorded() { [ -s "$results/rec" ] || complain "$1: $(cat "$messages")"; }
expect_refused() {
	[ ! -e "$results/rec" ] || complain "$1: recorded"
	grep -q "$2" "$messages" || complain "$1: $(cat "$messages")"
}

# The sleeper, run by another user.
start_other() {
	start setpriv --reuid 64124 --regid 64124 --clear-groups "$program" -burst 1237
}

@test "an image from the Dockerfile: with the capabilities it names, a process of another user; with fewer, not" {
	local capabilities=bpf,perfmon,sys_ptrace output less
	[ "$(docker_capabilities)" = $capabilities ] || complain "the Dockerfile names $(docker_capabilities)"
	image_setup
	output=$workdir
	words_in_image $capabilities
	[ "$(find "$root" -type f | wc -l)" -eq 1 ] || complain "more than a file: $(find "$root" -type f)"
	expect_status 0 "${runner[@]}" --help
	start_other
	record_burst -p "$target"
	expect_recorded "$capabilities"
	"${runner[@]}" record -d 1 --mode=exact -o - -p "$target" >"$BATS_TEST_TMPDIR/stream" 2>/dev/null || complain "-o -: $?"
	expect_status 0 "$ESCAUDIT" top "$BATS_TEST_TMPDIR/stream"
	expect_status 0 "${runner[@]}" doctor --json -p "$target"
	[ "$(jq .works <<<"$out")" = true ] || complain "doctor: $out"
	for less in bpf,perfmon:CAP_SYS_PTRACE perfmon,sys_ptrace:CAP_BPF bpf,sys_ptrace:CAP_PERFMON; do
		words_in_image "${less%:*}"
		record_burst -p "$target"
		expect_refused "${less%:*}" "${less#*:}"
	done
	# By perf events, as on kernels before 6.6: what kernels with a certain fix want is said, and is enough.
	words_in_image $capabilities
	record_burst --attach=perf -p "$target"
	if [ ! -e "$results/rec" ]; then
		expect_refused "$capabilities, perf" CAP_SYS_ADMIN
		words_in_image $capabilities,sys_admin
		record_burst --attach=perf -p "$target"
		expect_recorded "$capabilities,sys_admin, perf"
	fi
	[ "$complaints" -eq 0 ]
}

@test "beside a pod: process 1 of another process namespace, and of another root folder, with the capabilities debug.yaml names" {
	local pid_in_there words child
	image_setup
	[ "$(yaml_capabilities)" = "$(docker_capabilities)" ] || complain "debug.yaml names $(yaml_capabilities)"
	# The pod: a root folder and processes of its own, no privileges.
	mkdir "$open_dir/pod"
	cp "$program" "$open_dir/pod/"
	start unshare --pid --fork --kill-child setpriv --reuid 64124 --regid 64124 --clear-groups unshare --user --map-root-user \
		--mount --root="$open_dir/pod" /sleeper -burst 1237
	wait_for has_children "$target" || complain "no child"
	child=$(children_of "$target")
	words_in_image "$(yaml_capabilities)"
	nsenter "--pid=/proc/$child/ns/pid" "${runner[@]}" record --mode=exact -d 4 -o - -p 1 >"$BATS_TEST_TMPDIR/rec" 2>"$BATS_TEST_TMPDIR/err" </dev/null 3>&- &
	recorder=$!
	wait_for grep -q 'recording process 1 ' "$BATS_TEST_TMPDIR/err" || complain "$(cat "$BATS_TEST_TMPDIR/err")"
	kill -USR1 "$child"
	wait "$recorder" || complain "status $?: $(cat "$BATS_TEST_TMPDIR/err")"
	[ "$(counts_at "$BATS_TEST_TMPDIR/rec" sleeper burst)" = "1237 $((24 * 1237))" ] || complain "$(counts_at "$BATS_TEST_TMPDIR/rec" sleeper burst)"
	intact_soon "$child" "after the pod"
	[ "$complaints" -eq 0 ]
}

# allowed_calls FILTER: the system calls that a SystemCallFilter= lets through, one a line.
allowed_calls() {
	systemd-analyze --no-pager syscall-filter 2>/dev/null | sed 's/\x1b\[[0-9;]*m//g' | python3 -c '
import sys
sets, name = {}, None
for line in sys.stdin.read().splitlines():
    word = line.strip()
    if word.startswith("@") and not line.startswith(" "):
        name = word
        sets[name] = []
    elif name and word and not word.startswith("#"):
        sets[name].append(word)
def calls(word):
    return set().union(*map(calls, sets[word])) if word.startswith("@") else {word}
print("\n".join(set().union(*map(calls, sys.argv[1:] + ["@default"]))))' $1
}

@test "the systemd unit: verified; what it starts records with its capabilities, cuts and saves" {
	command -v systemd-analyze >/dev/null || skip_or_fail "no systemd-analyze"
	local prefix=$BATS_TEST_TMPDIR/installed line said capabilities set rating state=$open_dir/state
	make -s -C "$top" O="$ESCAUDIT_BUILD" DESTDIR="$prefix" PREFIX=/usr install >/dev/null 2>&1 || complain "make install"
	# As if it were installed: program and man pages where the unit looks for them.
	# shellcheck disable=SC2016
	said=$(unshare -m --propagation private bash -c '
		mount -t overlay -o "lowerdir=$1/usr:/usr" usr /usr &&
		systemd-analyze verify /usr/lib/systemd/system/escaudit@.service' _ "$prefix" 2>&1) || complain "verify: status $?"
	[ -z "$said" ] || complain "verify: $said"
	rating=$(systemd-analyze security --offline=true "$unit" 2>&1 | sed -n 's/.*exposure level.*: \([0-9]*\)\.\([0-9]\).*/\1\2/p')
	[ -n "$rating" ] && [ "$rating" -lt 20 ] || complain "systemd-analyze security: exposure $rating"
	capabilities=$(unit_capabilities)
	[ "$capabilities" = bpf,perfmon,sys_ptrace ] || complain "capabilities: $capabilities"
	[ "$(sed -n 's/^CapabilityBoundingSet=//p' "$unit")" = "$(sed -n 's/^AmbientCapabilities=//p' "$unit")" ] || complain "two sets"
	# ExecStart, with what systemd would put in.
	line=$(sed -n 's/^ExecStart=escaudit //p' "$unit" | sed "s,%f,$program,g; s,%S/escaudit,$state,g; s,%i,instance,g; s,\${INVOCATION_ID},0,g")
	! grep -q '[%$]' <<<"$line" || complain "unknown specifier: $line"
	cp "$ESCAUDIT_BUILD/dist/escaudit" "$open_dir/"
	mkdir "$state"
	chown 64123:64123 "$state"
	set=-all,+${capabilities//,/,+}
	start_other
	messages=$(mktemp "$BATS_TEST_TMPDIR/messages.XXXXXX")
	# shellcheck disable=SC2086
	(cd / && umask 077 && exec env -i strace -D -f -qq -o "$BATS_TEST_TMPDIR/calls" "$(command -v setpriv)" --no-new-privs --reuid 64123 --regid 64123 --clear-groups "--inh-caps=$set" "--ambient-caps=$set" \
		"--bounding-set=$set" "$open_dir/escaudit" $line) 2>"$messages" </dev/null 3>&- &
	recorder=$!
	pids+=("$recorder")
	wait_for grep -q 'recording 1 process' "$messages" || { cat "$messages"; return 1; }
	kill -USR1 "$target"
	wait_for grep -q burst "$log"
	kill -HUP "$recorder" # systemctl reload
	wait_for test -s "$state/instance-0.pb.gz"
	kill -USR1 "$target"
	wait_for eval "[ \$(grep -c burst '$log') -ge 2 ]"
	stop_recording 0 TERM
	expect_status 0 "$ESCAUDIT" top "$state/instance-0.pb.gz"
	expect_status 0 "$ESCAUDIT" top "$state/instance-0.pb.gz.1"
	[ "$(stat -c %a "$state/instance-0.pb.gz")" = 600 ] || complain "others may read it"
	intact_soon "$target" "after the unit"
	# What it did, setpriv's part left out, is what the unit lets it do.
	sed -i '1,/execve("[^"]*\/escaudit"/d' "$BATS_TEST_TMPDIR/calls"
	grep -q 'bpf(BPF_PROG_LOAD' "$BATS_TEST_TMPDIR/calls" || complain "no system calls were seen"
	said=$(sed -n 's/^[0-9]* *\([a-z_0-9]*\)(.*/\1/p' "$BATS_TEST_TMPDIR/calls" | sort -u |
		comm -23 - <(allowed_calls "$(sed -n 's/^SystemCallFilter=//p' "$unit")" | sort))
	[ -z "$said" ] || complain "system calls that the unit forbids: $said"
	! grep -E 'socket\(|PROT_WRITE\|PROT_EXEC' "$BATS_TEST_TMPDIR/calls" || complain "forbidden in another way"
	[ "$complaints" -eq 0 ]
}
