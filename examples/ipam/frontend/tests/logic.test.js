import { describe, expect, it } from 'vitest'

import { filled, toError } from '../src/api.js'
import { count, detail, level, percent, time } from '../src/format.js'
import en from '../src/locales/en.json'
import zh from '../src/locales/zh.json'
import { rows } from '../src/tree.js'

const subnet = (id, parent_id, cidr, description = '') => ({ id, parent_id, cidr, description, vlan: null })

describe('errors of the API', () => {
  it('keep the code and the parameters the translation needs', () => {
    const error = toError(409, { detail: { code: 'subnet_full', message: 'full', params: { cidr: '10.0.0.0/30' } } })
    expect(error).toMatchObject({ status: 409, code: 'subnet_full', params: { cidr: '10.0.0.0/30' } })
  })
  it('join the list of a validation error', () => {
    const error = toError(422, { detail: [{ loc: ['body', 'cidr'], msg: 'field required' }] })
    expect(error.params.text).toBe('cidr: field required')
  })
  it('do without a body', () => {
    expect(toError(502, null)).toMatchObject({ code: 'unexpected', params: { status: 502 } })
  })
})

describe('numbers', () => {
  it('never show a used subnet as empty', () => {
    expect(percent(0)).toBe('0 %')
    expect(percent(0.0001)).toBe('<0.1 %')
    expect(percent(0.016)).toBe('1.6 %')
    expect(percent(1)).toBe('100 %')
  })
  it('shorten what no one can read', () => {
    expect(count(254)).toBe('254')
    expect(count(65534)).toBe('65\u202f534')
    expect(count('18446744073709551616')).toBe('1.8×10¹⁹')
  })
  it('warn before a subnet is full', () => {
    expect([0.5, 0.8, 0.95].map(level)).toEqual(['fine', 'high', 'full'])
  })
})

describe('an audit entry', () => {
  it('names what was set and leaves out what was not', () => {
    expect(detail({ vlan: null, gateway: null, description: '', moved_addresses: 0 })).toBe('moved addresses 0')
    expect(detail({ subnet: '10.0.0.0/8', hostname: 'a' })).toBe('subnet 10.0.0.0/8, hostname a')
  })
  it('shows changes inside, old texts and nothing at all', () => {
    expect(detail({ role: ['viewer', 'admin'] })).toBe('role ["viewer","admin"]')
    expect(detail('as it was')).toBe('as it was')
    expect([detail({}), detail(null)]).toEqual(['', ''])
  })
  it('has a date that no country reads as another day', () => {
    expect(time('2026-02-03T04:05:06', 'en')).toBe('3 Feb 2026, 04:05:06')
    expect(time('2026-02-03T04:05:06', 'zh')).toBe('2026年2月3日 04:05:06')
    expect(time(null, 'en')).toBe('')
  })
})

describe('the tree', () => {
  const list = [subnet(1, null, '10.0.0.0/8'), subnet(2, 1, '10.1.0.0/16', 'office'), subnet(3, 2, '10.1.1.0/24', 'printers'), subnet(4, 1, '10.2.0.0/16')]
  it('puts parents before children with their depth', () => {
    expect(rows(list).map((r) => [r.id, r.depth])).toEqual([[1, 0], [2, 1], [3, 2], [4, 1]])
  })
  it('hides what is below a collapsed subnet', () => {
    expect(rows(list, new Set([2])).map((r) => r.id)).toEqual([1, 2, 4])
  })
  it('keeps the way to a match when filtered', () => {
    expect(rows(list, new Set([2]), 'printers').map((r) => r.id)).toEqual([1, 2, 3])
  })
  it('shows a subnet whose parent is not in the list at the top', () => {
    expect(rows([subnet(9, 77, '192.0.2.0/24')])[0].depth).toBe(0)
  })
})

it('drops empty fields but keeps false and zero', () => {
  expect(filled({ a: '', b: null, c: 0, d: false, e: 'x' })).toEqual({ c: 0, d: false, e: 'x' })
})

it('both languages have the same keys and placeholders', () => {
  const flat = (o, at = '') =>
    Object.entries(o).flatMap(([k, v]) => (typeof v === 'string' ? [[`${at}${k}`, (v.match(/\{\w+\}/g) ?? []).sort().join()]] : flat(v, `${at}${k}.`)))
  expect(flat(zh)).toEqual(flat(en))
})
