//go:build go1.26

package main

func init() {
	register("new-expression", func() { newExpression(ten) })
	register("new-expression-constant", newExpressionConstant)
	register("new-expression-stays", func() { newExpressionStays(ten) })
	register("new-expression-two", func() { newExpressionTwo(ten) })
}

//go:noinline
func newExpression(n int) {
	sinkInt = new(n + 1) // @new-expression
}

//go:noinline
func newExpressionConstant() {
	sinkInt = new(42) // @new-expression-constant
}

//go:noinline
func newExpressionStays(n int) {
	p := new(n + 1) // @new-expression-stays
	theInt = *p
}

//go:noinline
func newExpressionTwo(n int) {
	sink, sinkInt = new(long+short), new(n+1) // @new-expression-two
}
