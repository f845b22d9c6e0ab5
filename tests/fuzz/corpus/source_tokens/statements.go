package p

//line template.tmpl:7:3
func f[T any, K ~int](a, b []T, m map[K][]T) (x, y int, err error) {
	var (
		s, t = `a
b`, "c"
		u []struct{ a, b int } = []struct{ a, b int }{{1, 2}, {a: 3}}
	)
	/*line x.go:90:1*/ if v, ok := any(a).(T); ok && len(s)/2 > 3 || !ok {
		m[K(1)] = append(m[1][:0:1], v)
		s += t + "d"; x++
	} else if err := g(func() { defer h() }); err != nil {
		return 1, -2 &^ 3 << x, &E{err}
	}
L:
	for i := range []int{1, 2} {
		switch y := any(i).(type) {
		case int, []T:
			ch <- *p - <-ch
			continue L
		default:
			go func(x ...T) { select { case <-ch: case z, ok = <-ch: } }(a...)
		}
	}
	return
}
