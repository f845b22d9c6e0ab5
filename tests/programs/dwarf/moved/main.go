// Variables that the compiler moves to the heap, in every shape that matters to their entry in DWARF. A comment
// "moved in FUNCTION: NAME" is the expected answer; what has none must not be reported. The variables are larger than
// 16 bytes, so that no version merges several of them into one object.
package main

import "fmt"

type big [3]int

var (
	sink  *big
	fsink func() int
)

//go:noinline
func local(n int) {
	x := big{n} // moved in main.local: x
	y := big{n + 1}
	sink = &x
	if y[0] > 2 {
		inner := y // moved in main.local: inner
		sink = &inner
	}
}

//go:noinline
func param(
	a big,
	b big, // moved in main.param: b
) int {
	sink = &b
	return a[0]
}

//go:noinline
func result(n int) (res big, err error) { // moved in main.result: res
	sink = &res
	return big{n}, nil
}

//go:noinline
func nothing(n int) int {
	kept := big{n}
	p := &kept
	p[1]++
	return kept[1]
}

//go:noinline
func outer(n int) func(big) int {
	total := big{n}          // moved in main.outer: total
	return func(p big) int { // moved in main.outer.func1: p
		sink = &p
		total[0] += p[0]
		own := total // moved in main.outer.func1: own
		fsink = func() int {
			own[0]++
			total[0]++
			return own[0]
		}
		return total[0]
	}
}

func inlined(n int) *big {
	deep := big{n} // moved in main.inliner: deep
	return &deep
}

//go:noinline
func inliner(n int) {
	sink = inlined(n)
}

func main() {
	local(3)
	fmt.Println(param(big{1}, big{2}))
	fmt.Println(result(2))
	fmt.Println(outer(4)(big{2}), fsink())
	inliner(3)
	fmt.Println(nothing(2), generated(), *sink)
}

//go:noinline
func generated() int {
//line gen/rules.y:40
	return nothing(3)
}
