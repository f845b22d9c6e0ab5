# For tests of the static program: a root folder with nothing in it but /proc and /sys. Load after helper.

# empty_setup: sets root to such a folder, with the static program in it as /escaudit.
empty_setup() {
	root=$(mktemp -d "$BATS_TEST_TMPDIR/root.XXXXXX")
	chmod 755 "$root"
	mkdir "$root/proc" "$root/sys"
	cp "$ESCAUDIT_BUILD/dist/escaudit" "$root/escaudit"
	empty_variables=()
}

# empty_words COMMAND...: sets words to what runs it in there, with no environment but empty_variables, as the very process that
# is started. The mounts end with it.
empty_words() {
	# shellcheck disable=SC2016
	words=(unshare -m --propagation private bash -c '
		mount -t proc proc "$1/proc" && mount -t sysfs sysfs "$1/sys" || exit 99
		cd / && exec env -i "${@:3:$2}" "$(PATH=$PATH:/usr/sbin command -v chroot)" "$1" "${@:3+$2}"
	' in_empty "$root" "${#empty_variables[@]}" "${empty_variables[@]}" "$@")
}

in_empty() {
	local words
	empty_words "$@"
	"${words[@]}"
}

# make_dist TARGET: dist, or the static program alone. Files that run at the same time must not link it twice.
make_dist() {
	flock "$ESCAUDIT_BUILD" make -s -C "$top" O="$ESCAUDIT_BUILD" "$1" >"$BATS_FILE_TMPDIR/dist" 2>&1 || { cat "$BATS_FILE_TMPDIR/dist"; return 1; }
	# What the linker warns of are functions that want the very C library they were linked with, at run time.
	! grep -i warning "$BATS_FILE_TMPDIR/dist"
}
