// The built-in panel in Debian's Chromium, light and dark: node panel.js LABEL prints one JSON line.
// Environment: PLAYWRIGHT (folder of playwright-core), PANEL_URL, PANEL_PASSWORD, SCREENSHOTS (folder).
'use strict'

const path = require('path')
const { chromium } = require(process.env.PLAYWRIGHT)

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync']

async function look(browser, colorScheme, hostile) {
  const context = await browser.newContext({ colorScheme, httpCredentials: { username: 'admin', password: process.env.PANEL_PASSWORD } })
  const page = await context.newPage()
  const complaints = []
  page.setDefaultTimeout(30000)
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(process.env.PANEL_URL)
  await page.waitForSelector('#services tr')
  await page.waitForSelector('#series figure')
  await page.waitForFunction(() => document.querySelectorAll('#alerts > *').length > 0)
  await page.selectOption('#service', 'nginx')
  await page.fill('#q', hostile)
  await page.waitForFunction((text) => {
    const lines = [...document.querySelectorAll('#log span:not(.dim)')]
    return lines.length > 0 && lines.every((one) => one.textContent.includes(text))
  }, hostile)
  const result = {
    complaints,
    services: await page.locator('#services tr').count(),
    charts: await page.locator('#series polyline').count(),
    elements: await page.locator('#log :not(span)').count(),
    ran: await page.evaluate(() => window.ran === true),
    background: await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  }
  await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `panel-${colorScheme}.png`), fullPage: true })
  await context.close()
  return result
}

async function main() {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS })
  const results = []
  for (const scheme of ['light', 'dark']) results.push(await look(browser, scheme, process.argv[2]))
  console.log(JSON.stringify(results))
  await browser.close()
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
