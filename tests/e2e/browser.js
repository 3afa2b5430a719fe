// A person at a browser, with Debian's Chromium.
// node browser.js allocate|release|language CIDR [ADDRESS]: prints one JSON line.
// Environment: PLAYWRIGHT (folder of playwright-core), IPAM_URL, IPAM_USER, IPAM_PASSWORD,
// SCREENSHOTS (folder).
'use strict'

const fs = require('fs')
const os = require('os')
const path = require('path')
const { chromium } = require(process.env.PLAYWRIGHT)

const DEADLINE_MS = 30000
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync']

const [action, cidr, address] = process.argv.slice(2)
const byId = (id) => `[data-testid="${id}"]`

async function shoot(page, name) {
  await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true })
}

async function login(page) {
  await page.goto(process.env.IPAM_URL)
  await page.fill(byId('login-username'), process.env.IPAM_USER)
  await page.fill(byId('login-password'), process.env.IPAM_PASSWORD)
  await page.click(byId('login-submit'))
  await page.waitForSelector(byId('nav-subnets'))
}

const row = () => `${byId('subnet-row')}[data-cidr="${cidr}"]`
const cell = (which) => `${byId('cell')}[data-address="${which}"]`

async function openSubnet(page) {
  await page.click(byId('nav-subnets'))
  await page.waitForSelector(byId('new-subnet'))
  await page.waitForLoadState('networkidle')
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
  await page.waitForLoadState('networkidle')
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

async function language(page) {
  await page.click(byId('nav-subnets'))
  const before = await page.locator(byId('nav-subnets')).innerText()
  await page.click(byId('lang-switch'))
  await page.waitForFunction(
    ([selector, old]) => document.querySelector(selector)?.innerText !== old,
    [byId('nav-subnets'), before]
  )
  await shoot(page, 'other-language')
  return { before, after: await page.locator(byId('nav-subnets')).innerText() }
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
    await login(page)
    const result = await { allocate, release, language }[action](page)
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
