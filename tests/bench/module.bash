# shellcheck shell=bash
# make_module DIRECTORY [PACKAGES]: a Go module of so many packages (40) of 500 lines each, and a program that uses them all:
# appends, literals, closures, maps, conversions and calls into the standard library, in functions that are alike in kind only.

package_text() {
	awk -v p="$1" 'BEGIN {
		printf "package p%d\n\nimport (\n\t\"fmt\"\n\t\"sort\"\n\t\"strings\"\n)\n\n", p
		print "type Node struct {\n\tName  string\n\tNext  *Node\n\tSizes []int\n\tTags  map[string]int\n}\n"
		print "var Sink interface{}\n"
		for (f = 0; f < 24; f++) {
			printf "func F%d(n int, name string) (*Node, error) {\n", f
			printf "\tif n < %d {\n\t\treturn nil, fmt.Errorf(\"%s %%d: %%w\", n, fmt.Errorf(\"at %d\"))\n\t}\n", f % 5 - 9, "n", f
			print "\tnode := &Node{Name: name + \"/\" + strings.Repeat(\"x\", n%7), Tags: map[string]int{name: n}}"
			print "\tfor i := 0; i < n; i++ {\n\t\tnode.Sizes = append(node.Sizes, i*" f + 1 ")\n\t}"
			print "\tsort.Slice(node.Sizes, func(i, j int) bool { return node.Sizes[i] > node.Sizes[j]+" f " })"
			print "\tif n%2 == 0 {\n\t\tSink = node.Sizes\n\t\tnode.Next = &Node{Name: fmt.Sprint(n, name, node.Sizes)}\n\t}"
			if (f) printf "\tif len(name) > %d {\n\t\treturn F%d(n-1, name[1:])\n\t}\n", f, f - 1
			print "\treturn node, nil\n}\n"
		}
	}'
}

make_module() {
	local directory=$1 packages=${2:-40} i
	mkdir -p "$directory"
	printf 'module example.com/bench\n\ngo 1.19\n' >"$directory/go.mod"
	{
		echo 'package main'
		for ((i = 0; i < packages; i++)); do echo "import \"example.com/bench/p$i\""; done
		echo 'func main() {'
		for ((i = 0; i < packages; i++)); do echo "	p$i.F23(3, \"bench\")"; done
		echo '}'
	} >"$directory/main.go"
	for ((i = 0; i < packages; i++)); do
		mkdir -p "$directory/p$i"
		package_text "$i" >"$directory/p$i/p.go"
	done
}
