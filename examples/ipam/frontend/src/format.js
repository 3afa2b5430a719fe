// Numbers and times for people.

export function percent(ratio) {
  const value = ratio * 100
  if (value > 0 && value < 0.1) return '<0.1 %'
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1)} %`
}

// IPv6 counts arrive as decimal strings far beyond 2^53.
export function count(text) {
  const digits = String(text)
  if (digits.length <= 9) return Number(digits).toLocaleString('en').replaceAll(',', '\u202f')
  const exponent = digits.length - 1
  return `${digits[0]}.${digits[1]}×10${[...String(exponent)].map((d) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[d]).join('')}`
}

export function level(ratio) {
  if (ratio >= 0.9) return 'full'
  return ratio >= 0.75 ? 'high' : 'fine'
}

export function time(iso, locale) {
  if (!iso) return ''
  return new Date(iso).toLocaleString(locale === 'zh' ? 'zh-CN' : 'en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
}

// What an audit entry says, without what it leaves open: "client 192.0.2.7, vlan 110".
export function detail(value) {
  if (typeof value === 'string') return value
  return Object.entries(value ?? {})
    .filter(([, v]) => v !== null && v !== '')
    .map(([key, v]) => `${key.replaceAll('_', ' ')} ${typeof v === 'object' ? JSON.stringify(v) : v}`)
    .join(', ')
}
