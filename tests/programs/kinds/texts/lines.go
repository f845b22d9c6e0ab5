package main

type numbered struct{ a, b, c int }

//go:noinline
func fromTemplate(n int) {
//line boxed.tmpl:7
	anySink = []int{n}
//line boxed.tmpl:7
	anySink = []int{n, 2, 3}
//line main.go:9
	anySink = &numbered{n, 1, 3}
//line main.go:9999
	anySink = &numbered{n, 2, 3}
}
