package gauge

import "math"

// row is one measurement: so much of each kind of work took so long.
type row struct {
	work []float64
	took float64
}

// fit finds what each kind of work takes, none less than nothing, so that the
// squares of the relative errors are least: long measurements weigh no more
// than short ones.
func fit(rows []row) []float64 {
	n := len(rows[0].work)
	in := make([]bool, n)
	for i := range in {
		in[i] = true
	}
	for {
		x := solve(rows, in)
		worst := -1
		for i := range x {
			if x[i] < 0 && (worst < 0 || x[i] < x[worst]) {
				worst = i
			}
		}
		if worst < 0 {
			return x
		}
		in[worst] = false // it cannot be told from the others
	}
}

// solve is the least squares solution in the unknowns that are in.
func solve(rows []row, in []bool) []float64 {
	n := len(in)
	a := make([][]float64, n) // normal equations, with the right side behind
	for i := range a {
		a[i] = make([]float64, n+1)
	}
	for _, r := range rows {
		weight := 1 / max(r.took*r.took, 1e-9)
		for i := range n {
			for j := range n {
				a[i][j] += weight * r.work[i] * r.work[j]
			}
			a[i][n] += weight * r.work[i] * r.took
		}
	}
	for i := range n {
		if !in[i] || a[i][i] == 0 {
			for j := range a[i] {
				a[i][j] = 0
			}
			for j := range a {
				a[j][i] = 0
			}
			a[i][i] = 1
		}
	}
	return eliminate(a)
}

// eliminate solves linear equations (Gauss, with pivots).
func eliminate(a [][]float64) []float64 {
	n := len(a)
	for i := range n {
		best := i
		for j := i + 1; j < n; j++ {
			if math.Abs(a[j][i]) > math.Abs(a[best][i]) {
				best = j
			}
		}
		a[i], a[best] = a[best], a[i]
		if a[i][i] == 0 {
			continue
		}
		for j := range n {
			if j == i {
				continue
			}
			f := a[j][i] / a[i][i]
			for k := i; k <= n; k++ {
				a[j][k] -= f * a[i][k]
			}
		}
	}
	x := make([]float64, n)
	for i := range x {
		if a[i][i] != 0 {
			x[i] = a[i][n] / a[i][i]
		}
	}
	return x
}
