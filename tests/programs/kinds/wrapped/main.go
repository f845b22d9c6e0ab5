// Methods that the compiler makes wrappers for, with all that they make inlined.
package main

import "example.com/escaudit/kinds/wrapped/other"

type named interface{ Name() *int }
type both interface{ Both(n int) (*int, []int) }

type first struct{ a, b int }

func (f first) Name() *int { return &f.a } // @first-name

type second struct{ a, b, c int }

func (s second) Name() *int { return &s.b } // @second-name

func (s second) Both(n int) (*int, []int) {
	p := new(int) // @second-new
	*p = s.a
	return p, make([]int, n) // @second-make
}

type third struct {
	other.Inner
	c int
}

type fourth struct {
	*second
	c int
}

type taker interface {
	Take(n int, s string) (*int, *string)
}

type fifth struct{ a int }

func (f fifth) Take(n int, s string) (*int, *string) { return &n, &s } // @fifth-take

type sixth struct{ a, b int }

func (f sixth) Take(n int, s string) (*int, *string) { return &n, &s } // @sixth-take

var p *int
var q *string
var s []int
var f func() *int
var h func(int) (*int, []int)

type path string

//go:noinline
func compare(a path, b string) int { return len(a) - len(b) }

func (p path) Compare(t string) int {
	return compare(p+"/", t) // @path-compare
}

type comparer interface{ Compare(t string) int }

type stringer interface{ String() string }

//go:noinline
func compareAll(c comparer, s stringer) int { return c.Compare(s.String()) }

//go:noinline
func call(n named) { p = n.Name() }

//go:noinline
func callBoth(b both) { p, s = b.Both(3) }

//go:noinline
func take(t taker) { p, q = t.Take(3, "x") }

func main() {
	for i := 0; i < 10; i++ {
		call(&first{i, i})
		call(&second{i, i, i})
		call(&second{i, i, i})
		call(third{other.Inner{i, i}, i})
		call(&third{other.Inner{i, i}, i})
		call(&third{other.Inner{i, i}, i})
		call(fourth{&second{i, i, i}, i})
		callBoth(&second{i, i, i})
		callBoth(&third{other.Inner{i, i}, i})
		take(&fifth{i})
		take(&sixth{i, i})
		take(&sixth{i, i})
		take(&sixth{i, i})
		var n named = &first{i, i}
		f = n.Name
		p = f()
		h = second{i, i, i}.Both
		p, s = h(2)
		x, y := path("a long enough path to be no small string, and longer"), other.Flags(i)
		compareAll(&x, &y)
	}
}
