import { watch } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'

import { session } from './session.js'
import Audit from './pages/Audit.vue'
import Dashboard from './pages/Dashboard.vue'
import Login from './pages/Login.vue'
import Password from './pages/Password.vue'
import Search from './pages/Search.vue'
import Subnet from './pages/Subnet.vue'
import Subnets from './pages/Subnets.vue'
import Users from './pages/Users.vue'
import Vrfs from './pages/Vrfs.vue'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/login', component: Login, meta: { open: true } },
    { path: '/', component: Dashboard },
    { path: '/subnets', component: Subnets },
    { path: '/subnets/:id', component: Subnet, props: (to) => ({ id: Number(to.params.id) }) },
    { path: '/vrfs', component: Vrfs },
    { path: '/search', component: Search },
    { path: '/audit', component: Audit },
    { path: '/users', component: Users },
    { path: '/password', component: Password },
    { path: '/:rest(.*)', redirect: '/' },
  ],
})

router.beforeEach((to) => {
  if (!to.meta.open && !session.token) return { path: '/login', query: { next: to.fullPath } }
  if (session.user?.must_change_password && to.path !== '/password') return '/password'
  return true
})

watch(
  () => session.token,
  (token) => {
    const at = router.currentRoute.value
    if (!token && !at.meta.open) router.push({ path: '/login', query: { next: at.fullPath } })
  },
)
