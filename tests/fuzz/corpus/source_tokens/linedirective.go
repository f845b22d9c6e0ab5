package main

func init() {
	register("line-directive", lineDirective)
}

// Lines as a generator of code leaves them.
//
//go:noinline
func lineDirective() {
//line template.tmpl:100
	sinkPair = &pair{ten, ten}
	sink = hundred * 10
	sinkInts = append([]int(nil), ten, ten) // line 102
//line template.tmpl:7:3
	sinkPair = new(pair)
}
