// One request of a page: what it gave, whether it runs, what went wrong.
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'

// how many requests of all pages have no answer yet
export const pending = ref(0)

export function useErrorText() {
  const { t, te } = useI18n()
  return (error) => {
    const key = `errors.${error.code}`
    return te(key) ? t(key, error.params ?? {}) : error.message
  }
}

export function useRequest() {
  const errorText = useErrorText()
  const busy = ref(false)
  const problem = ref('')
  async function run(work) {
    busy.value = true
    pending.value++
    problem.value = ''
    try {
      return await work()
    } catch (error) {
      if (error.name !== 'AbortError') problem.value = errorText(error)
      return undefined
    } finally {
      busy.value = false
      pending.value--
    }
  }
  return { busy, problem, run }
}
