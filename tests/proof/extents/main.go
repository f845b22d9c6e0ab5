// What go/parser says of Go source files: for each file named on standard input the extent of each node of which the
// compiler's position is known, as numbers of tokens, for tests/proof/token_extents.c to hold against
// predict/source_tokens.h. Positions are those that cmd/compile/internal/syntax gives to nodes.
package main

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"sort"
)

type numbered struct {
	starts []int // offsets of the tokens
	kinds  []token.Token
}

func read(src []byte) (t numbered) {
	set := token.NewFileSet()
	file := set.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, src, nil, 0)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return t
		}
		if tok == token.SEMICOLON && lit != ";" {
			continue // put there by the language
		}
		t.starts = append(t.starts, file.Offset(pos))
		t.kinds = append(t.kinds, tok)
	}
}

// at is the token that begins at or holds an offset.
func (t *numbered) at(offset int) int {
	return sort.SearchInts(t.starts, offset+1) - 1
}

type printer struct {
	out    *bufio.Writer
	tokens numbered
	file   *token.File
}

func (p *printer) node(kind string, at, first, end token.Pos) {
	if !at.IsValid() || !first.IsValid() || !end.IsValid() {
		return
	}
	fmt.Fprintf(p.out, "%d %d %d %s\n", p.tokens.at(p.file.Offset(at)), p.tokens.at(p.file.Offset(first)),
		p.tokens.at(p.file.Offset(end)-1), kind)
}

// before is the token before a place.
func (p *printer) before(pos token.Pos) token.Pos {
	i := p.tokens.at(p.file.Offset(pos)) - 1
	return p.file.Pos(p.tokens.starts[i])
}

// head is what stands between a keyword and the body.
func (p *printer) head(kind string, at token.Pos, body *ast.BlockStmt) {
	p.node(kind, at, at, p.before(body.Lbrace)+1)
}

func (p *printer) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		p.node("call", n.Lparen, n.Pos(), n.End())
	case *ast.CompositeLit:
		p.node("literal", n.Lbrace, n.Pos(), n.End())
	case *ast.BinaryExpr:
		p.node("binary "+n.Op.String(), n.OpPos, n.Pos(), n.End())
	case *ast.UnaryExpr:
		p.node("unary "+n.Op.String(), n.OpPos, n.Pos(), n.End())
	case *ast.IndexExpr:
		p.node("index", n.Lbrack, n.Pos(), n.End())
	case *ast.SliceExpr:
		p.node("slice", n.Lbrack, n.Pos(), n.End())
	case *ast.SelectorExpr:
		p.node("selector", p.before(n.Sel.Pos()), n.Pos(), n.End())
	case *ast.TypeAssertExpr:
		p.node("assertion", p.before(n.Lparen), n.Pos(), n.End())
	case *ast.FuncLit:
		p.node("func", n.Pos(), n.Pos(), n.End())
	case *ast.AssignStmt:
		if n.Tok == token.ASSIGN || n.Tok == token.DEFINE {
			p.node("assignment "+n.Tok.String(), n.TokPos, n.Rhs[0].Pos(), n.Rhs[len(n.Rhs)-1].End())
		} else {
			p.node("assignment "+n.Tok.String(), n.TokPos, n.Pos(), n.End())
		}
	case *ast.IncDecStmt:
		p.node("assignment "+n.Tok.String(), n.TokPos, n.Pos(), n.End())
	case *ast.SendStmt:
		p.node("send", n.Arrow, n.Pos(), n.End())
	case *ast.ReturnStmt:
		p.node("return", n.Pos(), n.Pos(), n.End())
	case *ast.GoStmt:
		p.node("go", n.Pos(), n.Pos(), n.End())
	case *ast.DeferStmt:
		p.node("defer", n.Pos(), n.Pos(), n.End())
	case *ast.IfStmt:
		p.head("if", n.Pos(), n.Body)
	case *ast.ForStmt:
		p.head("for", n.Pos(), n.Body)
	case *ast.RangeStmt:
		p.head("for range", n.Pos(), n.Body)
	case *ast.SwitchStmt:
		p.head("switch", n.Pos(), n.Body)
	case *ast.TypeSwitchStmt:
		p.head("type switch", n.Pos(), n.Body)
	case *ast.TypeSpec, *ast.ArrayType, *ast.StructType, *ast.InterfaceType, *ast.FuncType, *ast.MapType, *ast.ChanType:
		return false // nothing is made by a type
	case *ast.ValueSpec:
		for _, value := range n.Values {
			ast.Inspect(value, p.visit)
		}
		return false
	case *ast.FuncDecl:
		if n.Body != nil {
			ast.Inspect(n.Body, p.visit)
		}
		return false
	}
	return true
}

func main() {
	names := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	for names.Scan() {
		src, err := os.ReadFile(names.Text())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, names.Text(), src, 0)
		if err != nil {
			continue // of the parser's own tests
		}
		fmt.Fprintf(out, "file %s\n", names.Text())
		p := printer{out: out, tokens: read(src), file: set.File(tree.Pos())}
		for _, d := range tree.Decls {
			if d, ok := d.(*ast.GenDecl); ok && (d.Tok == token.IMPORT || d.Tok == token.TYPE || d.Tok == token.CONST) {
				continue
			}
			ast.Inspect(d, p.visit)
		}
	}
}
