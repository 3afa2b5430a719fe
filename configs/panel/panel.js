/* The built-in panel of ipam-orch.  Whatever comes from a service is text: nodes are made here and
 * filled with textContent, never with markup. */
'use strict'

const COLOURS = ['#4c8bf5', '#e0823d', '#36a269', '#b765d8', '#d64f5f', '#2aa7b8', '#a98e2b', '#7a7f8c']
const byId = (id) => document.getElementById(id)

function node(tag, text, kind) {
  const one = document.createElement(tag)
  if (text !== undefined) one.textContent = text
  if (kind) one.className = kind
  return one
}

function row(...cells) {
  const tr = node('tr')
  for (const cell of cells) tr.append(cell instanceof Node ? cell : node('td', cell))
  return tr
}

function age(us) {
  const s = Math.max(0, Math.round(us / 1e6))
  if (s < 120) return `${s} s`
  if (s < 7200) return `${Math.round(s / 60)} min`
  if (s < 172800) return `${Math.round(s / 3600)} h`
  return `${Math.round(s / 86400)} d`
}

function bytes(n) {
  if (!(n > 0)) return '-'
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let k = 0
  while (n >= 1024 && k < units.length - 1) {
    n /= 1024
    k++
  }
  return `${n.toFixed(n < 10 && k > 0 ? 1 : 0)} ${units[k]}`
}

const moment = (us) => (us > 0 ? new Date(us / 1000).toLocaleString() : '-')

async function get(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(12000) })
  if (!answer.ok) throw new Error(`${path}: status ${answer.status}`)
  return answer.json()
}

/* ---- services ---- */

let before = new Map() // name → [time, processor time]

function processor(name, now, used) {
  const old = before.get(name)
  before.set(name, [now, used])
  return old && now > old[0] && used >= old[1] ? `${(100 * (used - old[1]) / (now - old[0])).toFixed(1)} %` : '-'
}

function kindOf(s) {
  if (s.state !== 'up' && s.state !== 'done') return 'bad'
  return s.health === 'unhealthy' ? 'bad' : s.health === 'starting' ? 'warn' : 'good'
}

function showServices(data) {
  const used = new Map((data.used || []).map((one) => [one.name, one]))
  const rows = data.services.map((s) => {
    const u = used.get(s.name) || {}
    const kind = kindOf(s)
    return row(s.name, node('td', s.state, kind), node('td', s.health === 'none' ? '-' : s.health, kind),
      age(data.time_us - s.since_us), node('td', s.restarts, s.restarts > 0 ? 'n warn' : 'n'),
      node('td', u.cpu_us === undefined ? '-' : processor(s.name, data.time_us, u.cpu_us), 'n'),
      node('td', bytes(u.memory), 'n'), node('td', bytes(s.memory_limit), 'n'))
  })
  for (const one of data.absent || []) {
    rows.push(row(one.service, node('td', 'absent', 'dim'), node('td', one.reason, 'dim')))
    rows.at(-1).lastChild.colSpan = 6
  }
  byId('services').replaceChildren(...rows)
  const bad = data.services.filter((s) => kindOf(s) === 'bad').length
  byId('summary').textContent = bad ? `${bad} of ${data.services.length} services are not well` : `all ${data.services.length} services are well`
  byId('summary').className = bad ? 'bad' : 'good'
}

function showSchedules(data) {
  return (data.schedules || []).map((one) => {
    const last = (one.runs || [])[0]
    return row(one.name, last ? moment(last.started_us) : '-',
      node('td', last ? last.result : '-', !last ? 'dim' : last.result === 'done' ? 'good' : 'bad'),
      one.enabled ? moment(one.next_us) : 'disabled')
  })
}

function showKept(data) {
  return Object.entries(data.kept || {}).filter(([, one]) => one && one.state).map(([name, one]) => row(name === 'drill' ? 'trial of a backup' : 'newest backup', moment(one.done_s * 1e6),
    node('td', one.state, one.state === 'failed' ? 'bad' : 'good'), bytes(one.bytes)))
}

function showNames(data) {
  const select = byId('service')
  const names = [...new Set(data.services.map((s) => s.service))]
  const shown = [...select.options].slice(1).map((o) => o.value)
  if (names.join() === shown.join()) return
  const chosen = select.value
  select.replaceChildren(select.options[0], ...names.map((name) => node('option', name)))
  select.value = names.includes(chosen) ? chosen : ''
}

let schedules = []
let certificates = []

async function overview() {
  const data = await get('api/overview')
  byId('project').textContent = data.project
  document.title = `${data.project} - ipam-orch`
  showServices(data)
  showNames(data)
  schedules = [...showSchedules(data), ...showKept(data)]
  byId('operations').replaceChildren(...schedules, ...certificates)
}

/* ---- alerts and figures ---- */

function showAlert(one) {
  const box = node('div', undefined, `alert ${one.labels.severity === 'critical' ? 'critical' : ''}`)
  box.append(node('strong', one.labels.alertname), ` ${one.state} `, node('span', one.annotations.summary || ''))
  if (one.annotations.next) box.append(node('div', one.annotations.next, 'dim'))
  return box
}

function showCertificate(one) {
  const left = one.value[1] - Date.now() / 1000
  const kind = left < 3 * 86400 ? 'bad' : left < 14 * 86400 ? 'warn' : 'good'
  return row(`certificate of ${one.metric.service}`, '-', node('td', left > 0 ? `valid for ${age(left * 1e6)}` : 'expired', kind),
    `expires ${moment(one.value[1] * 1e6)}`)
}

async function watch() {
  const data = await get('api/watch')
  const alerts = (data.alerts || []).map(showAlert)
  if (data.error) alerts.push(node('p', data.error, 'warn'))
  byId('alerts').replaceChildren(...(alerts.length ? alerts : [node('p', 'Nothing is alarming.', 'good')]))
  certificates = (data.figures || []).filter((f) => f.metric.__name__ === 'ipam_orch_certificate_not_after_seconds').map(showCertificate)
  byId('operations').replaceChildren(...schedules, ...certificates)
}

/* ---- the last hour ---- */

function chart(one) {
  const figure = node('figure')
  const caption = node('figcaption')
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const points = one.lines.flatMap((line) => line.values.map((v) => Number(v[1]))).filter(Number.isFinite)
  const top = Math.max(1e-9, ...points)
  const from = Date.now() / 1000 - 3600
  const legend = node('div', undefined, 'legend')
  svg.setAttribute('viewBox', '0 0 360 100')
  svg.setAttribute('preserveAspectRatio', 'none')
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', one.title)
  one.lines.forEach((line, i) => {
    const drawn = document.createElementNS('http://www.w3.org/2000/svg', 'polyline')
    const places = line.values.filter((v) => Number.isFinite(Number(v[1])))
      .map((v) => `${((v[0] - from) / 10).toFixed(1)},${(98 - 94 * v[1] / top).toFixed(1)}`)
    drawn.setAttribute('points', [...places, ...places.slice(-1)].join(' ')) // one alone is a dot
    drawn.setAttribute('stroke', COLOURS[i % COLOURS.length])
    svg.append(drawn)
    if (line.metric.service) {
      const name = node('span', `${line.metric.service} `)
      name.style.color = COLOURS[i % COLOURS.length]
      legend.append(name)
    }
  })
  caption.append(node('span', one.title), node('span', points.length ? `top ${one.unit === 'B' ? bytes(top) : `${top.toFixed(1)} ${one.unit}`}` : 'nothing yet'))
  figure.append(caption, svg, legend)
  return figure
}

async function series() {
  const data = await get('api/series')
  byId('series').replaceChildren(...(data.error ? [node('p', data.error, 'warn')] : data.series.map(chart)))
}

/* ---- logs ---- */

async function logs() {
  const query = new URLSearchParams({ service: byId('service').value, q: byId('q').value })
  const data = await get(`api/logs?${query}`)
  const box = byId('log')
  data.lines.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
  byId('log-error').textContent = data.error
  box.replaceChildren(...data.lines.slice(-400).flatMap((line) => [node('span', `${line.time.slice(0, 19)} ${line.name}  `, 'dim'),
    node('span', `${line.text}\n`, line.stream === 'stderr' ? 'warn' : '')]))
  if (byId('follow').checked) box.scrollTop = box.scrollHeight
}

/* ---- again and again, one after the other ---- */

function report(error) {
  byId('summary').textContent = `not reachable: ${error.message}`
  byId('summary').className = 'bad'
}

async function again(work, seconds) {
  if (!document.hidden) await work().catch(report)
  setTimeout(() => again(work, seconds), seconds * 1000)
}

byId('search').addEventListener('submit', (event) => event.preventDefault())
for (const id of ['service', 'q']) byId(id).addEventListener('input', () => logs().catch(report))
again(overview, 5)
again(watch, 10)
again(series, 60)
again(async () => { if (byId('follow').checked) await logs() }, 5)
