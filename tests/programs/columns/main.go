// Columns makes objects where a line alone does not say which expression made them. Lines that tests speak of carry a marker.
package main

import (
	_ "embed"

	"example.com/escaudit/columns/lib"
)

//go:embed text.txt
var embedded string

var (
	sink, other interface{}
	list        []int
	texts       = map[string]string{}
	ten         = 10
	channel     = make(chan interface{}, 1000)
	action      func() int
)

type pair struct{ a, b int }

//go:noinline
func keep(values ...interface{}) { sink = values }

//go:noinline
func keepPairs(a, b *pair) { sink, other = a, b }

func inlined(n int) *pair { return &pair{n, n} } // @inlined-inside

//go:noinline
func twoAppends(n int) {
	list = append(append(list[:0:0], n), n, n) // @two-appends
}

//go:noinline
func twoPairs(n int) {
	keepPairs(&pair{n, 1}, inlined(n)) // @two-pairs
}

//go:noinline
func texting(s, t string) {
	keep(s+t, t+s+t, []byte(s)) // @texting
}

//go:noinline
func maps(s string) {
	texts[s+"k"], texts[s+"l"] = s, s // @maps
}

//go:noinline
func assigning(s string) string {
	s += s
	if s += "!"; len(s) < 0 { // @assigning
		return ""
	}
	return s + "?" // @returning
}

func made[T any](n int) []T { return make([]T, n) } // @generic-inside

//go:noinline
func generic(n int) {
	sink, other = made[int](n), made[string](n) // @generic
}

//go:noinline
func heads(n int) int {
	for i, v := range append([]*pair{nil}, &pair{n, n}) { // @heads
		if i > 0 {
			sink = v
		}
	}
	switch x := interface{}(n + 1000).(type) { // @switch
	case int:
		other = [1]interface{}{x}
	}
	return n
}

//go:noinline
func lines(n int, s string) {
	keep(
		n+1000, // @lines-n
		s,      // @lines-s
		&pair{
			a: n,
			b: len(
				s + "long enough not to fit into the buffer that the caller has"), // @lines-text
		},
	)
}

//go:noinline
func loops(n int) {
	for i, j := 0, n; i < 2; i, j = i+1, j*2 { // @loops
		action = func() int { return i + j } // @loops-literal
	}
}

func main() {
	for i := 0; i < 7; i++ {
		n := ten + i
		twoAppends(n)
		twoPairs(n)
		texting(embedded, "b")
		maps(embedded)
		sink = assigning(embedded)
		sink = branching(i%2 == 0, n)
		sending(n, embedded)
		generic(n)
		literals(n)
		heads(n)
		lines(n, embedded)
		loops(n)
		tagged(n)
		generated(n)
		directed(n, embedded)
		sink = lib.Twice(n)
	}
}
