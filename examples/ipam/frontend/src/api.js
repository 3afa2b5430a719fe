// The backend's API.  Every failure becomes an ApiError with a code that can be translated.
import { closeSession, session } from './session.js'

export class ApiError extends Error {
  constructor(status, code, message, params = {}) {
    super(message)
    this.status = status
    this.code = code
    this.params = params
  }
}

// FastAPI's own validation errors have a list in `detail`, ours an object.
export function toError(status, body) {
  const detail = body?.detail
  if (Array.isArray(detail)) {
    const text = detail.map((d) => `${d.loc?.at(-1) ?? ''}: ${d.msg}`).join('; ')
    return new ApiError(status, 'invalid_input', text, { text })
  }
  if (detail?.code) return new ApiError(status, detail.code, detail.message, detail.params)
  return new ApiError(status, 'unexpected', `HTTP ${status}`, { status })
}

async function send(method, path, { body, form, signal } = {}) {
  const headers = {}
  if (session.token) headers.Authorization = `Bearer ${session.token}`
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  let response
  try {
    response = await fetch(`/api${path}`, {
      method,
      headers,
      body: form ?? (body === undefined ? undefined : JSON.stringify(body)),
      signal,
    })
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new ApiError(0, 'offline', 'The server cannot be reached')
  }
  if (response.ok) return response
  const error = toError(response.status, await response.json().catch(() => null))
  // A session that ended elsewhere: the router sends the user to the login page.
  if (response.status === 401 && session.token) closeSession()
  throw error
}

async function json(method, path, options) {
  const response = await send(method, path, options)
  return response.status === 204 ? null : response.json()
}

export const api = {
  get: (path, options) => json('GET', path, options),
  post: (path, body) => json('POST', path, { body }),
  patch: (path, body) => json('PATCH', path, { body }),
  delete: (path) => json('DELETE', path),
  upload: (path, form) => json('POST', path, { form }),
  text: async (path) => (await send('GET', path)).text(),
}

// Drops empty fields: an absent value and an empty one are different things to the API.
export function filled(fields) {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== '' && value !== null && value !== undefined),
  )
}
