#!/usr/bin/env bats
# Benchmarks of several packages, recorded by go test -exec: one recording for each, compared per operation.

load helper

setup() {
	complaints=0
}

# run_benchmarks OUTPUT ITERATIONS [-o value]: what go test prints is in OUTPUT.txt.
run_benchmarks() {
	(cd "$programs/benched" && "$GO" test -vet=off -exec "$ESCAUDIT record -o $3 --" -run '^$' -bench . -benchtime="$2x" ./...) >"$1.txt" 2>&1
}

@test "one recording for each test binary, compared per operation" {
	need_bpf
	check() {
		local d=$BATS_TEST_TMPDIR/$GO_VERSION rec=example.com/escaudit/benched package
		mkdir -p "$d"
		run_benchmarks "$d/a" 100 "$d/a/" || complain "go test: $(cat "$d/a.txt")"
		run_benchmarks "$d/b" 100 "$d/b/" || complain "go test: $(cat "$d/b.txt")"
		diff <(cd "$d/a" && find . -type f | sort) <(printf './%s/%s.test.pb.gz\n' $rec cart $rec order) || complain "files"
		# one iteration comes before those that were asked for
		[ "$(counts_at "$d/a/$rec/cart.test.pb.gz" benched/cart benched-add)" = "101 1616" ] ||
			complain "cart: $(counts_at "$d/a/$rec/cart.test.pb.gz" benched/cart benched-add)"
		[ "$(counts_at "$d/a/$rec/order.test.pb.gz" benched/order benched-place)" = "909 14544" ] ||
			complain "order: $(counts_at "$d/a/$rec/order.test.pb.gz" benched/order benched-place)"
		for package in cart order; do
			expect_status 0 "$ESCAUDIT" diff --json --bench-before "$d/a.txt" --bench-after "$d/b.txt" --fail-on 'new-heap,more>0' \
				"$d/a/$rec/$package.test.pb.gz" "$d/b/$rec/$package.test.pb.gz"
			[ -z "$err" ] || complain "$package: $err"
			jq -e --arg package $package '.before.units == (if $package == "cart" then 100 else 200 end)' <<<"$out" >/dev/null ||
				complain "$package: $(jq .before.units <<<"$out") operations"
		done
	}
	for_each_go check 1.19 1.27
}

@test "one file for several test binaries is refused" {
	need_bpf
	use_go
	local d=$BATS_TEST_TMPDIR
	! run_benchmarks "$d/a" 10 "$d/one.gz" || complain "two recordings in one file"
	grep -q "it has the recording of example.com/escaudit/benched/.*, of the same go test; name a directory" "$d/a.txt" ||
		complain "$(cat "$d/a.txt")"
	# another go test may write there
	(cd "$programs/benched" && "$GO" test -vet=off -exec "$ESCAUDIT record -o $d/one.gz --" -run '^$' -bench . -benchtime=20x ./order) >"$d/b.txt" 2>&1 ||
		complain "$(cat "$d/b.txt")"
	# operations of another package are not taken for this one's
	printf 'pkg: example.com/escaudit/benched/cart\nBenchmarkAdd-2 10 5 ns/op\n' >"$d/cart.txt"
	expect_status 2 "$ESCAUDIT" diff --bench-before "$d/cart.txt" --bench-after "$d/b.txt" "$d/one.gz" "$d/one.gz"
	expect_message "cart.txt': no benchmark of example.com/escaudit/benched/order in it"
	[ "$complaints" -eq 0 ]
}
