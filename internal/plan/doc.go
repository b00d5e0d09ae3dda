// Package plan holds the house to its floor plan. It has no code of its own:
// its tests read the source of the whole module and fail when a package
// imports upwards, when a pure package touches the world, when importing
// stampede/evs begins to pull in more than it did, or when a package is added
// that the plan does not know. A new package is added to the table in
// plan_test.go and to docs/architecture.md in the same commit.
package plan
