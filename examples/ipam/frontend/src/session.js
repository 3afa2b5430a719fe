// Who is logged in.  The token lives in sessionStorage: a closed tab is a closed session.
import { reactive } from 'vue'

const STORED = 'ipam.session'

function restore() {
  try {
    return JSON.parse(sessionStorage.getItem(STORED)) ?? {}
  } catch {
    return {}
  }
}

export const session = reactive({ token: null, user: null, ...restore() })

export function openSession(token, user) {
  session.token = token
  session.user = user
  sessionStorage.setItem(STORED, JSON.stringify({ token, user }))
}

export function closeSession() {
  session.token = null
  session.user = null
  sessionStorage.removeItem(STORED)
}

const RANK = { viewer: 0, operator: 1, admin: 2 }

export function may(role) {
  return session.user !== null && RANK[session.user.role] >= RANK[role]
}
