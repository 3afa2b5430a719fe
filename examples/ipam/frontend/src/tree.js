// A flat list of subnets as the rows of a tree, parents before children.

export function rows(subnets, collapsed = new Set(), filter = '') {
  const children = new Map()
  const known = new Set(subnets.map((s) => s.id))
  for (const subnet of subnets) {
    const parent = known.has(subnet.parent_id) ? subnet.parent_id : null
    if (!children.has(parent)) children.set(parent, [])
    children.get(parent).push(subnet)
  }
  const wanted = filter.trim().toLowerCase()
  const matches = (s) =>
    [s.cidr, s.description, s.vlan].some((field) => String(field ?? '').toLowerCase().includes(wanted))
  const out = []
  // returns whether anything below matched, so that the way to a match stays visible
  function walk(parent, depth) {
    let any = false
    for (const subnet of children.get(parent) ?? []) {
      const at = out.length
      out.push({ ...subnet, depth, children: children.has(subnet.id) })
      const open = wanted !== '' || !collapsed.has(subnet.id)
      const below = open ? walk(subnet.id, depth + 1) : false
      if (wanted !== '' && !below && !matches(subnet)) out.splice(at)
      else any = true
    }
    return any
  }
  walk(null, 0)
  return out
}
