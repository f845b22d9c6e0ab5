# The markers in the test programs: lines that carry "// @NAME", with which tests name them. Source it; needs top, the work tree.

# markers_json PROGRAM: [{"marker":…,"file":…,"line":…}…]
markers_json() {
	(cd "$top/tests/programs/$1" && grep -HnE '// @[A-Za-z0-9-]+$' -- *.go) |
		jq -R -n '[inputs | capture("^(?<file>[^:]+):(?<line>[0-9]+):.*// @(?<marker>.+)$") | .line |= tonumber]'
}
