// A person at a browser, with Debian's Chromium.
// node browser.js allocate|release|tour CIDR [ADDRESS]: prints one JSON line.
// Environment: PLAYWRIGHT (folder of playwright-core), IPAM_URL, IPAM_USER, IPAM_PASSWORD,
// SCREENSHOTS (folder).
'use strict'

const fs = require('fs')
const os = require('os')
const path = require('path')
const { chromium } = require(process.env.PLAYWRIGHT)

const DEADLINE_MS = 30000
const TEXTS = '../../examples/ipam/frontend/src/locales/en.json'
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync']

const [action, cidr, address] = process.argv.slice(2)
const byId = (id) => `[data-testid="${id}"]`

async function shoot(page, name) {
  await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true })
}

// the page at this address is there, with all it asked the server for
async function settled(page, at) {
  await page.waitForURL((url) => url.pathname === at)
  await page.waitForSelector('main[aria-busy="false"] h1')
}

async function login(page) {
  await page.fill(byId('login-username'), process.env.IPAM_USER)
  await page.fill(byId('login-password'), process.env.IPAM_PASSWORD)
  await page.click(byId('login-submit'))
  await page.waitForSelector(byId('nav-subnets'))
}

const row = () => `${byId('subnet-row')}[data-cidr="${cidr}"]`
const cell = (which) => `${byId('cell')}[data-address="${which}"]`

async function openSubnet(page) {
  await page.click(byId('nav-subnets'))
  await settled(page, '/subnets')
  if (!(await page.locator(row()).count())) {
    await page.click(byId('new-subnet'))
    await page.fill(byId('subnet-cidr'), cidr)
    await page.click(byId('subnet-save'))
  }
  await page.click(row())
  await page.waitForSelector(byId('allocate-next'))
  await page.waitForSelector(byId('cell'))
}

const utilisation = async (page) => (await page.locator(byId('utilisation')).first().innerText()).trim()

const usedCells = (page) =>
  page.locator(`${byId('cell')}[data-state="used"]`).evaluateAll((all) => all.map((c) => c.dataset.address))

async function changed(page, before) {
  await page.waitForFunction(
    ([selector, old]) => document.querySelector(selector)?.innerText.trim() !== old,
    [byId('utilisation'), before]
  )
  return utilisation(page)
}

async function allocate(page) {
  await openSubnet(page)
  const before = await utilisation(page)
  const known = await usedCells(page)
  await page.click(byId('allocate-next'))
  await page.waitForFunction(
    ([selector, n]) => document.querySelectorAll(selector).length > n,
    [`${byId('cell')}[data-state="used"]`, known.length]
  )
  const got = (await usedCells(page)).filter((a) => !known.includes(a))
  const after = await changed(page, before)
  await shoot(page, 'allocated')
  await page.click(byId('nav-dashboard'))
  await settled(page, '/')
  await shoot(page, 'dashboard')
  return { address: got[0], before, after }
}

async function release(page) {
  await openSubnet(page)
  const before = await utilisation(page)
  await page.click(cell(address))
  await page.click(byId('release'))
  await page.locator(`${cell(address)}[data-state="free"]`).waitFor()
  const after = await changed(page, before)
  await shoot(page, 'released')
  return { address, before, after }
}

// ---- every page as a person sees it ----

const WIDTHS = { wide: 1280, narrow: 390 }
// a text that has no translation is shown as its key: section.name
const UNTRANSLATED = new RegExp(`\\b(${Object.keys(require(TEXTS)).join('|')})\\.[a-z]\\w*`)
const PAGES = ['dashboard', 'subnets', 'grid', 'vrfs', 'audit', 'users', 'search']

async function turnTo(page, name) {
  if (name === 'search') {
    await page.fill(byId('search-input'), cidr.split('/')[0])
    await page.press(byId('search-input'), 'Enter')
  } else if (name === 'grid') {
    return openSubnet(page)
  } else {
    await page.click(`nav a[href="/${name === 'dashboard' ? '' : name}"]`)
  }
  await settled(page, name === 'dashboard' ? '/' : `/${name}`)
}

// what is wrong with the page at this width, as text: nothing may stick out, no key may be shown
async function faults(page, where) {
  const found = []
  const [content, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth
  ])
  if (content > window) found.push(`${where}: ${content} pixels in a window of ${window}`)
  const key = (await page.locator('body').innerText()).match(UNTRANSLATED)
  if (key) found.push(`${where}: shows the key ${key[0]}`)
  return found
}

async function look(page, name, language) {
  const found = []
  for (const [size, width] of Object.entries(WIDTHS)) {
    await page.setViewportSize({ width, height: 860 })
    await shoot(page, `${name}-${language}${size === 'wide' ? '' : `-${size}`}`)
    found.push(...(await faults(page, `${name} ${language} ${size}`)))
  }
  await page.setViewportSize({ width: WIDTHS.wide, height: 860 })
  return found
}
async function tour(page) {
  const titles = {}
  const found = []
  for (const language of ['en', 'zh']) {
    if (language === 'zh') await page.click(byId('lang-switch'))
    found.push(...(await look(page, 'login', language)))
    await login(page)
    titles[language] = []
    for (const name of PAGES) {
      await turnTo(page, name)
      titles[language].push(await page.locator('main h1').innerText())
      found.push(...(await look(page, name, language)))
    }
    await page.click(byId('logout'))
    await page.waitForSelector(byId('login-submit'))
  }
  return { titles, found }
}

async function main() {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'ipam-browser-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: FLAGS,
    ignoreHTTPSErrors: true,
    locale: 'en-US',
    viewport: { width: 1280, height: 860 }
  })
  const page = context.pages()[0] || (await context.newPage())
  const problems = []
  page.setDefaultTimeout(DEADLINE_MS)
  page.on('pageerror', (error) => problems.push(String(error)))
  // "really release?"
  page.on('dialog', (dialog) => dialog.accept())
  try {
    await page.goto(process.env.IPAM_URL)
    await page.waitForSelector(byId('login-submit'))
    if (action !== 'tour') await login(page)
    const result = await { allocate, release, tour }[action](page)
    console.log(JSON.stringify({ ...result, problems }))
  } catch (error) {
    await shoot(page, 'failed').catch(() => {})
    throw error
  } finally {
    await context.close()
    fs.rmSync(profile, { recursive: true, force: true })
  }
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
