package main

// The test joins the lines of its blocks: what shares an object on a line is told apart by columns.

//go:noinline
func lines(n int) {
	for o, p := 0, n; o < 2; o++ { // @loop
		sink, sink2 = &o, &p
		q, r := o, p // @loop-body
		sink, sink2 = &q, &r
	}
	if n >= 0 {
		e := n // @branch
		sink = &e
		f := n
		sink = &f
		if n > 4 {
			h, i := n, n+2 // @branch-inner
			sink, sink2 = &h, &i
		}
	}
}
